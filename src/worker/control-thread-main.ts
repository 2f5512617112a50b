import { parentPort, workerData } from "node:worker_threads";
import type { LeavingMessage } from "../protocol/control-messages.js";
import { tcpTransport } from "../transport/tcp.js";
import { CallBoard } from "../rpc/call-board.js";
import { breakOffMainThread } from "./break-off.js";
import { CallStopper } from "./call-stopper.js";
import { ControlLink } from "./control-link.js";
import type { ControlThreadData, FromControlThread, ToControlThread } from "./control-thread.js";
import { forceAfterMs } from "./drain-limits.js";
import { SupervisorPipe, watchSupervisor } from "./supervisor-pipe.js";
import { endProcessByForce } from "./end-by-force.js";
import { InstanceMetadata } from "./instance-metadata.js";
import { watchSpot } from "./spot-watch.js";

/** How long the main thread may take to leave by itself after the manager is gone. */
const LEAVE_MS = 1_000;

const port = parentPort!;
const {
  host,
  port: rendezvousPort,
  keyId,
  key,
  heartbeat,
  graceMs,
  board,
  spotMetadataUrl,
  isSupervised,
} = workerData as ControlThreadData;

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
  onDrain: (message) => leave(message),
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
  else link.sendLeaving(message.leaving);
});

if (spotMetadataUrl !== undefined) void leaveWithInstance(spotMetadataUrl);

async function leaveWithInstance(url: string): Promise<void> {
  const metadata = new InstanceMetadata(url);
  const leaving = await watchSpot({ metadata, signal: new AbortController().signal });
  if (leaving !== undefined) leave(leaving);
}

function leave(leaving: LeavingMessage): void {
  link.sendLeaving(leaving);
  const { deadline } = leaving;
  // While there still is a network the manager hears of this end at once; of that of the machine it would not.
  if (deadline !== undefined) setTimeout(endProcessByForce, forceAfterMs(deadline - Date.now()));
  post({ kind: "noticed", leaving });
}
