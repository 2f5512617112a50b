import { execFileSync, spawnSync } from "node:child_process";

/** What a fleet is made with, and the Debian package that brings it. */
const PROGRAMS: Readonly<Record<string, string>> = {
  ip: "iproute2",
  nsenter: "util-linux",
  tar: "tar",
  ldd: "libc-bin",
  containerd: "containerd",
  dockerd: "docker.io",
  iptables: "iptables",
  nft: "nftables",
  tc: "iproute2",
};

/** Why no fleet can be started here, and what to do about it; undefined if one can. */
export function whatIsMissing(): string | undefined {
  if (process.platform !== "linux") return `a fleet needs Linux; this is ${process.platform}`;
  if (process.getuid?.() !== 0)
    return "a fleet needs root, for network namespaces and Docker engines of its own";
  const missing = Object.keys(PROGRAMS).filter((name) => spawnSync("which", [name]).status !== 0);
  if (missing.length === 0) return undefined;
  const packages = [...new Set(missing.map((name) => PROGRAMS[name]))];
  return `a fleet needs ${missing.join(", ")}: on Debian, apt-get install ${packages.join(" ")}`;
}

/**
 * For `skip` of the tests that need a fleet: why they cannot run here, loudly, or false. Where the fleet is required
 * (`ROLLCALL_REQUIRE=fleet`) they run in any case, and fail of what is missing.
 */
export function whyNoFleet(): string | false {
  const isRequired = (process.env["ROLLCALL_REQUIRE"] ?? "").split(/[\s,]+/).includes("fleet");
  const missing = whatIsMissing();
  return isRequired || missing === undefined ? false : `NOT TRIED WITH REAL CONTAINERS: ${missing}`;
}

/** Runs a program to its end. Throws with what it wrote to stderr if it fails. */
export function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Loads a set of nftables rules in a namespace. Throws with what the program wrote if it refuses them. */
export function loadRules(namespace: string, rules: string): void {
  const command = ["nsenter", `--net=/var/run/netns/${namespace}`, "nft", "--file", "-"];
  execFileSync(command[0] ?? "", command.slice(1), { input: rules, stdio: ["pipe", "pipe", "pipe"] });
}
