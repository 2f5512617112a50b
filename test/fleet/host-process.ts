/** A process of a fleet, in the namespace of one of its hosts. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { inNamespace } from "./network.js";

const READY_WITHIN_MS = 30_000;
/** How much of its output an error shows. */
const LAST_LINES = 15;

/**
 * Starts a program that goes on, and resolves once it has written a line with the given words. Rejects with its last lines
 * if it ends before, or says nothing for too long. It ends with its fleet.
 */
export async function startService(
  namespace: string,
  command: readonly string[],
  readyWords: string,
): Promise<void> {
  // In a group of its own: Ctrl-C in a terminal is for the program that has the fleet.
  const child = spawnIn(namespace, command, ["ignore", "ignore", "pipe"], { detached: true });
  const lastLines: string[] = [];
  // It must not keep a program alive that has done with its fleet; nor may it ever wait for a reader.
  child.unref();
  const { stderr } = child;
  if (stderr === null) throw new Error("the process has no output");
  const lines = createInterface({ input: stderr });
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string): void =>
      reject(new Error(`${command[0]} in ${namespace} ${why}:\n${lastLines.join("\n")}`));
    const timer = setTimeout(() => fail("does not get ready"), READY_WITHIN_MS);
    child.once("exit", (code, signal) => fail(`ended with ${signal ?? code}`));
    child.once("error", reject);
    lines.on("line", (line) => {
      if (lastLines.push(line) > LAST_LINES) lastLines.shift();
      if (!line.includes(readyWords)) return;
      clearTimeout(timer);
      resolve();
    });
  });
  (stderr as { unref?: () => void }).unref?.();
}

/**
 * Runs a compiled program of this folder with Node to its end, and resolves with the one message that it has sent to its
 * parent. Rejects with its last output if it sends none or fails.
 */
export async function runProgram(namespace: string, file: URL, argument: unknown): Promise<unknown> {
  const command = [process.execPath, "--no-warnings", file.pathname, JSON.stringify(argument)];
  const child = spawnIn(namespace, command, ["ignore", "pipe", "pipe", "ipc"]);
  const lines: string[] = [];
  const messages: unknown[] = [];
  child.on("message", (message) => messages.push(message));
  for (const output of [child.stdout, child.stderr]) {
    if (output !== null) createInterface({ input: output }).on("line", (line) => lines.push(line));
  }
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  if (code === 0 && messages.length === 1) return messages[0];
  throw new Error(
    `${file.pathname} ended with ${signal ?? code} and ${messages.length} messages:\n${lines.slice(-LAST_LINES).join("\n")}`,
  );
}

export function spawnIn(
  namespace: string,
  command: readonly string[],
  stdio: ("ignore" | "pipe" | "ipc" | "inherit")[],
  options: { readonly detached?: boolean } = {},
): ChildProcess {
  const [program, network] = inNamespace(namespace);
  return spawn(program, [network, ...command], { stdio, ...options });
}
