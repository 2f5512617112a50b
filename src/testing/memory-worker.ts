import { AsyncLocalStorage } from "node:async_hooks";
import { fileURLToPath } from "node:url";
import type { ExitReason } from "../errors.js";
import { CodeReceiver } from "../functions/code/code-receiver.js";
import { FunctionLoader } from "../functions/function-loader.js";
import type { LeavingMessage } from "../protocol/control-messages.js";
import { WorkerVariable } from "../protocol/worker-variables.js";
import type { AnyFunction } from "../rpc/call-server.js";
import type { MemoryNetwork } from "../transport/memory.js";
import { deferred } from "../util/deferred.js";
import { ROLLCALL_VERSION } from "../util/version.js";
import { CleanUps } from "../worker/clean-ups.js";
import { setCurrentProcess, type CurrentProcess } from "../worker/current-process.js";
import { readWorkerEnvironment } from "../worker/worker-environment.js";
import { Worker, type LeaveCause } from "../worker/worker.js";

/** Which worker the running call is on. */
const current = new AsyncLocalStorage<CurrentProcess>();

export interface MemoryWorkerOptions {
  readonly id: string;
  readonly host: string;
  readonly network: MemoryNetwork;
  readonly projectRoot: string;
  /** What the launch wants its workers to be told. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * A worker that lives in this process: the one that real workers run, on a network in memory. Its calls share this
 * process's modules and globals. Owns its `Worker`.
 */
export class MemoryWorker {
  readonly id: string;
  readonly host: string;
  readonly #options: MemoryWorkerOptions;
  readonly #ended = deferred<ExitReason>();
  #worker: Worker | undefined;
  #code: CodeReceiver | undefined;
  #exit: ExitReason | undefined;

  constructor(options: MemoryWorkerOptions) {
    this.id = options.id;
    this.host = options.host;
    this.#options = options;
  }

  /** Resolves when the worker has ended. */
  get ended(): Promise<ExitReason> {
    return this.#ended.promise;
  }

  /** Reports in; does nothing if the worker has ended meanwhile. */
  start(): void {
    if (this.#exit !== undefined) return;
    const { id, host, network, projectRoot, environment } = this.#options;
    const code = new CodeReceiver(
      { root: projectRoot, rollcallFolder: fileURLToPath(new URL("../..", import.meta.url)) },
      (question) => worker.askForCode(question),
    );
    this.#code = code;
    const cleanUps = new CleanUps();
    const loader = new FunctionLoader({
      projectRoot,
      placeCode: (unit) => code.place(unit),
      addCleanUp: (cleanUp) => cleanUps.add(cleanUp),
    });
    let self: CurrentProcess | undefined;
    const worker = new Worker({
      environment: readWorkerEnvironment({
        ...environment,
        [WorkerVariable.launchedId]: id,
        [WorkerVariable.bindHost]: host,
        [WorkerVariable.advertiseHost]: host,
        [WorkerVariable.projectRoot]: projectRoot,
      }),
      transport: network.at(host),
      load: async (reference) => {
        const fn = (await loader.load(reference)) as AnyFunction;
        return (...args) => current.run(self!, () => fn.apply(undefined, args));
      },
      describe: () =>
        Promise.resolve({
          osPid: process.pid,
          nodeVersion: process.version,
          rollcallVersion: ROLLCALL_VERSION,
          cores: 1,
          memory: process.memoryUsage.rss(),
          hostname: host,
          launchedId: id,
          network: {
            networkMode: undefined,
            ownAddresses: [],
            instanceAddress: undefined,
            mappedPorts: [],
          },
        }),
      instanceAddress: () => Promise.resolve(undefined),
      joined: (membership) => {
        self = { ...membership, projectRoot, code, sendStatus: (status) => this.#worker?.sendStatus(status) };
        setCurrentProcess(() => current.getStore());
      },
      cleanUp: (limitMs) => cleanUps.run(limitMs),
      left: (cause, message) => this.#end(exitOf(cause, message)),
    });
    this.#worker = worker;
    void worker.start();
  }

  /** As a platform that takes it away: it is told, and leaves when its calls have ended or the time for that is up. */
  terminate(leaving: LeavingMessage): void {
    void this.#worker?.drain(leaving);
  }

  /** Ends it at once: its connections end, its calls go on unheard. The first reason counts. */
  crash(reason: ExitReason): void {
    if (this.#exit !== undefined) return;
    this.#worker?.close();
    this.#end(reason);
  }

  #end(reason: ExitReason): void {
    this.#exit ??= reason;
    this.#code?.close();
    this.#ended.resolve(this.#exit);
  }
}

function exitOf(cause: LeaveCause, message: string): ExitReason {
  const exitCode = cause === "shutdown" || cause === "launch-over" ? 0 : 1;
  return { kind: "exited", message: `it left (${cause}): ${message}`, exitCode };
}
