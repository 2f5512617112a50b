/**
 * Nothing that an endpoint started may outlive it, also when it is killed with SIGKILL and can do nothing any more. So each
 * endpoint has a guard: a small shell that learns the ids of process groups over its standard input and, when that ends
 * without a goodbye, kills those that are left. It has a session of its own, so that a Ctrl-C does not end it first.
 */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { Writable } from "node:stream";

/** Reads `+ <id>`, `- <id>` and `bye`; the ids are kept in one string with a blank on either side of each. */
const SCRIPT = `
trap '' HUP INT TERM
groups=' '
while read -r sign id; do
  case $sign in
    +) case $groups in
         *" $id "*) ;;
         *) groups="$groups$id " ;;
       esac ;;
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
  /** The guard that runs, or is being started. */
  #guard: Promise<GuardProcess> | undefined;
  #isClosed = false;

  /**
   * Resolves once the guard is sure to learn of the group, whatever happens to this process from then on. Rejects if the
   * guard cannot be started; the group is then the caller's to end.
   */
  async add(group: number): Promise<void> {
    this.#groups.add(group);
    this.#guard ??= this.#start();
    await tell(await this.#guard, `+ ${group}\n`);
  }

  /** The group is gone. Its id may be given to others now, so this comes before anything else learns of the end. */
  remove(group: number): void {
    this.#groups.delete(group);
    this.#guard?.then(
      (guard) => tell(guard, `- ${group}\n`),
      () => undefined,
    );
  }

  /** Ends the guard. Call it when no group is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const guard = await this.#guard?.catch(() => undefined);
    if (guard === undefined || guard.exitCode !== null || guard.signalCode !== null) return;
    const exited = once(guard, "exit");
    guard.stdin.end("bye\n");
    await exited;
  }

  async #start(): Promise<GuardProcess> {
    const guard = spawn("/bin/sh", ["-c", SCRIPT, "rollcall-local-ecs-guard"], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
      cwd: "/",
      env: {},
    });
    // A guard that died is noticed by its exit, not by the writes that fail.
    guard.stdin.on("error", () => undefined);
    guard.once("exit", () => this.#replace());
    guard.unref();
    // One that replaces another has to learn of all groups, and at once: its pipe is there before it runs.
    const told = tell(guard, [...this.#groups].map((group) => `+ ${group}\n`).join(""));
    try {
      await once(guard, "spawn");
    } catch (error) {
      this.#guard = undefined;
      throw error;
    }
    await told;
    return guard;
  }

  /** Somebody ended the guard. */
  #replace(): void {
    this.#guard = undefined;
    if (this.#isClosed || this.#groups.size === 0) return;
    this.#guard = this.#start();
    // If there can be none now, the next group that is added asks again.
    this.#guard.catch(() => undefined);
  }
}

/** Resolves when the lines have been handed to the operating system, or cannot be any more. */
function tell(guard: GuardProcess, lines: string): Promise<void> {
  return new Promise((resolve) => {
    guard.stdin.write(lines, () => resolve());
  });
}
