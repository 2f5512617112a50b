/**
 * Nothing that an endpoint started may outlive it, also when it is killed with SIGKILL and can do nothing any more. So each
 * endpoint has a guard: a small shell that learns the ids of process groups over its standard input and, when that ends
 * without a goodbye, kills those that are left. It has a session of its own, so that a Ctrl-C does not end it first.
 */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Writable } from "node:stream";

/** Reads `+ <id>`, `- <id>` and `bye`; the ids are kept in one string with a blank on either side of each. */
const SCRIPT = `
trap '' HUP INT TERM
groups=' '
while read -r sign id; do
  case $sign in
    +) groups="$groups$id " ;;
    -) case $groups in
         *" $id "*) groups="\${groups%%" $id "*} \${groups#*" $id "}" ;;
       esac ;;
    bye) exit 0 ;;
  esac
done
for id in $groups; do kill -s KILL -- "-$id"; done 2>/dev/null
`;

type GuardProcess = ChildProcessByStdio<Writable, null, null>;

export class ProcessGuard {
  readonly #groups = new Set<number>();
  #process: GuardProcess | undefined;
  #isClosed = false;

  /** Resolves once the guard is sure to learn of the group, whatever happens to this process from then on. */
  async add(group: number): Promise<void> {
    this.#groups.add(group);
    // A guard that has to be started anew is told of all groups.
    if (this.#process === undefined) await this.#start();
    else await this.#tell(this.#process, `+ ${group}\n`);
  }

  /** The group is gone. Its id may be given to others now, so this comes before anything else learns of the end. */
  remove(group: number): void {
    this.#groups.delete(group);
    if (this.#process !== undefined) void this.#tell(this.#process, `- ${group}\n`);
  }

  /** Ends the guard. Call it when no group is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const guard = this.#process;
    if (guard === undefined) return;
    const exited = new Promise<void>((resolve) => {
      guard.once("exit", () => resolve());
    });
    guard.stdin.end("bye\n");
    await exited;
  }

  async #start(): Promise<void> {
    const guard = spawn("/bin/sh", ["-c", SCRIPT, "rollcall-local-ecs-guard"], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
      cwd: "/",
      env: {},
    });
    this.#process = guard;
    // A guard that died is noticed by its exit, not by the writes that fail.
    guard.stdin.on("error", () => undefined);
    guard.on("error", () => undefined);
    guard.unref();
    guard.once("exit", () => {
      this.#process = undefined;
      if (!this.#isClosed && this.#groups.size > 0) void this.#start();
    });
    await this.#tell(guard, [...this.#groups].map((group) => `+ ${group}\n`).join(""));
  }

  #tell(guard: GuardProcess, lines: string): Promise<void> {
    return new Promise((resolve) => {
      guard.stdin.write(lines, () => resolve());
    });
  }
}
