import { Session } from "node:inspector";

/**
 * Ends this process from a thread whose main thread does not react, because it computes without a pause. A process may
 * kill itself, except the first one of a container (PID 1): the kernel ignores its own SIGKILL. There the debugger
 * interface stops the main thread wherever it is and makes it exit.
 */
export function endProcessByForce(): void {
  if (process.pid !== 1) {
    process.kill(process.pid, "SIGKILL");
    return;
  }
  const session = new Session();
  session.connectToMainThread();
  session.post("Debugger.enable");
  session.on("Debugger.paused", () => session.post("Runtime.evaluate", { expression: "process.exit(137)" }));
  session.post("Debugger.pause");
}
