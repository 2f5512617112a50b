import { parentPort, workerData } from "node:worker_threads";
import { tcpTransport } from "../transport/tcp.js";
import { CallBoard } from "../rpc/call-board.js";
import { breakOffMainThread } from "./break-off.js";
import { CallStopper } from "./call-stopper.js";
import { ControlLink } from "./control-link.js";
import type { ControlThreadData, FromControlThread, ToControlThread } from "./control-thread.js";
import { SupervisorPipe, watchSupervisor } from "./supervisor-pipe.js";
import { endProcessByForce } from "./end-by-force.js";

/** How long the main thread may take to leave by itself after the manager is gone. */
const LEAVE_MS = 1_000;

const port = parentPort!;
const data = workerData as ControlThreadData;
const { host, port: rendezvousPort, keyId, key, heartbeat, graceMs, board, isSupervised } = data;

function tell(message: FromControlThread, limitMs: number): void {
  // Armed first: whatever happens to the message, the process ends.
  setTimeout(endProcessByForce, limitMs);
  port.postMessage(message);
}

const post = (message: FromControlThread): void => port.postMessage(message);
const stopper = new CallStopper({
  board: new CallBoard(board),
  ownUrl: new URL("./main.js", import.meta.url).href,
  ask: (message) => post({ kind: "stop", message }),
  breakOff: breakOffMainThread,
  brokenOff: () => post({ kind: "broken-off" }),
});

const link = new ControlLink({
  transport: tcpTransport,
  host,
  port: rendezvousPort,
  keyId,
  key,
  heartbeat,
  graceMs,
  onShutdown: (message) => tell({ kind: "shutdown", message }, message.drainMs + message.graceMs),
  onStop: (message) => stopper.stop(message),
  onManagerGone: (message) => tell({ kind: "manager-gone", message }, LEAVE_MS),
});

if (isSupervised) {
  watchSupervisor(SupervisorPipe.controlThread, (message) =>
    tell({ kind: "supervisor-gone", message }, LEAVE_MS),
  );
}

port.on("message", (message: ToControlThread) => {
  if (message.kind === "output") link.sendOutput(message.output);
  else if (message.kind === "status") link.sendStatus(message.status);
  else if (message.kind === "reacted") stopper.reacted(message.request);
  else link.sendLeaving(message.reason);
});
