import { availableParallelism, hostname, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { CodeReceiver } from "../functions/code/code-receiver.js";
import { FunctionLoader } from "../functions/function-loader.js";
import { findProjectRoot } from "../functions/project-root.js";
import type { AnyFunction } from "../rpc/call-server.js";
import type { StatusMessage } from "../protocol/control-messages.js";
import { CallBoard } from "../rpc/call-board.js";
import { WorkerVariable } from "../protocol/worker-variables.js";
import { tcpTransport } from "../transport/tcp.js";
import { ROLLCALL_VERSION } from "../util/version.js";
import { CleanUps } from "./clean-ups.js";
import { ControlThread, type FromControlThread } from "./control-thread.js";
import { setCurrentProcess } from "./current-process.js";
import { readInstanceAddress } from "./instance-address.js";
import { captureOutput } from "./output-capture.js";
import { SupervisorPipe, watchSupervisor } from "./supervisor-pipe.js";
import { readTaskMetadata } from "./task-metadata.js";
import { readWorkerEnvironment, type WorkerEnvironment } from "./worker-environment.js";
import { Worker, type LeaveCause, type Membership } from "./worker.js";

/** The entry point of a worker process: `node .../worker/main.js`, configured by its environment alone. */

const group = process.env[WorkerVariable.workers];
// In a process that stands for several workers this does not come back.
if (group !== undefined) await (await import("./worker-group.js")).runWorkerGroup(group);

const exitCodes: Record<LeaveCause, number> = {
  shutdown: 0,
  // Too late is nobody's mistake: the task ends in good order.
  "launch-over": 0,
  "manager-gone": 1,
  "supervisor-gone": 1,
  refused: 1,
  "cannot-listen": 1,
  terminated: 143,
};

function leave(cause: LeaveCause, message: string): void {
  process.exitCode = exitCodes[cause];
  // Whatever happens to the line below, the process ends.
  setImmediate(() => process.exit());
  if (cause !== "shutdown") process.stderr.write(`rollcall worker: leaving (${cause}): ${message}\n`);
}

function readEnvironmentOrExit(): WorkerEnvironment {
  try {
    return readWorkerEnvironment(process.env);
  } catch (error) {
    process.stderr.write(`rollcall worker: ${(error as Error).message}\n`);
    process.exit(2);
  }
}

const environment = readEnvironmentOrExit();
// Neither the program's functions nor their child processes, workers perhaps, have any use for them.
for (const name of ["token", "workers", "slot", "slots", "container"] as const)
  delete process.env[WorkerVariable[name]];

const projectRoot = environment.projectRoot ?? findProjectRoot(process.cwd());
const code = new CodeReceiver(
  { root: projectRoot, rollcallFolder: fileURLToPath(new URL("../..", import.meta.url)) },
  (question) => worker.askForCode(question),
);
process.on("exit", () => code.close());
const cleanUps = new CleanUps();
const loader = new FunctionLoader({
  projectRoot,
  placeCode: (unit) => code.place(unit),
  addCleanUp: (cleanUp) => cleanUps.add(cleanUp),
});
let control: ControlThread | undefined;

/**
 * The thread takes about 25 ms of a core to start: time that the other workers of this machine need for their own start.
 * It waits for that long, unless there is work before.
 */
const CONTROL_THREAD_DELAY_MS = 250;
let member: Membership | undefined;
const board = new CallBoard(new Int32Array(new SharedArrayBuffer(CallBoard.BYTES)));

const worker: Worker = new Worker({
  environment,
  transport: tcpTransport,
  board,
  load: async (reference) => {
    // From here on the program's code runs, and may compute for an hour without a pause.
    startControlThread();
    return (await loader.load(reference)) as AnyFunction;
  },
  describe: async () => {
    const task =
      environment.container ??
      (await readTaskMetadata({
        uri: process.env["ECS_CONTAINER_METADATA_URI_V4"],
        file: process.env["ECS_CONTAINER_METADATA_FILE"],
        networkMode: environment.networkMode,
      }));
    return {
      osPid: process.pid,
      nodeVersion: process.version,
      rollcallVersion: ROLLCALL_VERSION,
      cores: availableParallelism(),
      memory:
        process.constrainedMemory() > 0 ? Math.min(process.constrainedMemory(), totalmem()) : totalmem(),
      hostname: hostname(),
      ...(environment.launchedId === undefined ? {} : { launchedId: environment.launchedId }),
      ...(task === undefined ? {} : { taskArn: task.taskArn }),
      ...environment.place,
      network: {
        networkMode: task?.networkMode,
        ownAddresses: task?.addresses ?? [],
        instanceAddress: task?.instanceAddress,
        mappedPorts: task?.ports ?? [],
      },
    };
  },
  instanceAddress: () => readInstanceAddress(process.env),
  joined: (membership) => {
    const current = { ...membership, projectRoot, code, sendStatus };
    setCurrentProcess(() => current);
    member = membership;
    setTimeout(startControlThread, CONTROL_THREAD_DELAY_MS);
  },
  cleanUp: (limitMs) => cleanUps.run(limitMs),
  left: leave,
});

/** The program's code runs, so the control thread has been started; until it has taken over, both may carry it. */
function sendStatus(status: StatusMessage): void {
  control?.post({ kind: "status", status });
  worker.sendStatus(status);
}

/** Starts it once, when this process is a member. */
function startControlThread(): void {
  if (member === undefined || control !== undefined) return;
  const { keyId, key, heartbeat, managerGraceMs: graceMs, output } = member;
  const { host, port } = environment.rendezvous;
  const { spotMetadataUrl } = environment;
  const data = {
    host,
    port,
    keyId,
    key,
    heartbeat,
    graceMs,
    board: board.cells,
    spotMetadataUrl,
    isSupervised,
  };
  const thread = new ControlThread(data, onControl);
  control = thread;
  if (output === "control") {
    captureOutput(process, (stream, line) =>
      thread.post({ kind: "output", output: { stream, lines: [line] } }),
    );
  }
}

function onControl(message: FromControlThread): void {
  if (message.kind === "shutdown") {
    void worker.shutDown(message.message);
  } else if (message.kind === "stop") {
    worker.stop(message.message);
    control?.post({ kind: "reacted", request: message.message.request });
  } else if (message.kind === "broken-off") worker.brokenOff();
  else if (message.kind === "noticed") void worker.drain(message.leaving);
  else worker.leave(message.kind, message.message);
}

const isSupervised = environment.place !== undefined;
if (isSupervised) watchSupervisor(SupervisorPipe.main, (message) => worker.leave("supervisor-gone", message));

process.on("SIGTERM", () => {
  const leaving = { reason: "SIGTERM" };
  control?.post({ kind: "leaving", leaving });
  void worker.drain(leaving);
});
// Ctrl-C in a terminal reaches every process of the group; who leaves, and when, is for the manager to say.
process.on("SIGINT", () => {});

void worker.start();
