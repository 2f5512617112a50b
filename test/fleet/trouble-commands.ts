/** What can be typed while a fleet runs by hand: one line, one thing that happens to it. */
import type { FleetHost } from "./trouble.js";

export type TroubleCommand =
  | { readonly kind: "cut"; readonly between: readonly [FleetHost, FleetHost] }
  | { readonly kind: "heal" }
  | { readonly kind: "lose"; readonly fraction: number }
  | { readonly kind: "rate"; readonly bitsPerSecond: number }
  | { readonly kind: "kill" | "spot"; readonly instance: number };

export const TROUBLE_HELP = `cut manager 2   nothing passes between two hosts; instances have numbers
lose 0.1        this fraction of all packets is lost
rate 1000000    no host receives more bits a second
heal            all links are as they were
kill 2          an instance is gone, with engine and containers
spot 2          Spot gives notice to an instance, and takes it back after two minutes`;

/** Throws a `SyntaxError` that says what can be typed. */
export function parseTrouble(line: string): TroubleCommand {
  const [kind, first = "", second = ""] = line.trim().split(/\s+/);
  const number = Number(first);
  const isNumber = first !== "" && number >= 0;
  if (kind === "heal") return { kind };
  if (kind === "cut" && first !== "" && second !== "") return { kind, between: [host(first), host(second)] };
  if (kind === "lose" && isNumber) return { kind, fraction: number };
  if (kind === "rate" && isNumber) return { kind, bitsPerSecond: number };
  if ((kind === "kill" || kind === "spot") && isNumber) return { kind, instance: number };
  throw new SyntaxError(`"${line.trim()}" is none of:\n${TROUBLE_HELP}`);
}

function host(word: string): FleetHost {
  return word === "manager" ? word : Number(word);
}
