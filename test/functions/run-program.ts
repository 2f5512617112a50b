import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** What a program of `fixtures/` prints for one function: its reference, or the error. */
export interface Printed {
  /** That of one which travels by value. */
  readonly kind?: string;
  readonly module?: string;
  readonly export?: string;
  readonly name: string;
  readonly code?: string;
  readonly message?: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** The program's standard input. */
  readonly input?: string;
}

/** Runs node with these arguments to its end, and reads each line it printed as JSON. Rejects if it fails. */
export async function runNode(args: readonly string[], options: RunOptions = {}): Promise<Printed[]> {
  const running = promisify(execFile)(process.execPath, args, { cwd: options.cwd });
  running.child.stdin?.end(options.input);
  const { stdout } = await running;
  const lines = stdout.split("\n").filter((line) => line !== "");
  return lines.map((line): Printed => JSON.parse(line));
}

/** The path of a compiled program of `fixtures/`. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
}

/** The URL of the compiled helper with which a program that a test writes prints what `find` gives. */
export const PRINT_FIND = new URL("./fixtures/print-find.js", import.meta.url).href;
