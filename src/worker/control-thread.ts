import { Worker as Thread } from "node:worker_threads";
import type {
  LeavingMessage,
  OutputMessage,
  ShutdownMessage,
  StatusMessage,
  StopMessage,
} from "../protocol/control-messages.js";
import type { ControlLinkOptions } from "./control-link.js";

/** What the control thread is started with. */
export interface ControlThreadData {
  readonly host: string;
  readonly port: number;
  readonly keyId: string;
  readonly key: Uint8Array;
  readonly heartbeat: ControlLinkOptions["heartbeat"];
  readonly graceMs: number;
  /** Memory of the main thread's `CallBoard`. */
  readonly board: Int32Array;
  /** The instance metadata service in which to look for a Spot notice; undefined: nowhere. */
  readonly spotMetadataUrl: string | undefined;
  /** Whether this process ends with the one that started it. */
  readonly isSupervised: boolean;
}

export type ToControlThread =
  | { readonly kind: "output"; readonly output: OutputMessage }
  | { readonly kind: "status"; readonly status: StatusMessage }
  | { readonly kind: "leaving"; readonly leaving: LeavingMessage }
  /** What a `stop` asked for has been done. */
  | { readonly kind: "reacted"; readonly request: number };

export type FromControlThread =
  | { readonly kind: "shutdown"; readonly message: ShutdownMessage }
  | { readonly kind: "stop"; readonly message: StopMessage }
  | { readonly kind: "broken-off" }
  /** The platform is about to take the worker away; the manager has been told. */
  | { readonly kind: "noticed"; readonly leaving: LeavingMessage }
  | { readonly kind: "manager-gone" | "supervisor-gone"; readonly message: string };

/** The main thread's handle on the thread that serves the control channel. It does not keep the process alive. */
export class ControlThread {
  readonly #thread: Thread;

  constructor(data: ControlThreadData, onMessage: (message: FromControlThread) => void) {
    this.#thread = new Thread(new URL("./control-thread-main.js", import.meta.url), {
      workerData: data,
      name: "rollcall-control",
      // It holds one connection and a few lines of output. Nothing of the program's flags concerns it.
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 },
      execArgv: [],
    });
    this.#thread.on("message", onMessage);
    // Without its thread the worker cannot be watched any more, so it must not live on unseen.
    this.#thread.on("error", (error) =>
      onMessage({ kind: "manager-gone", message: `the control thread failed: ${error.message}` }),
    );
    this.#thread.unref();
  }

  post(message: ToControlThread): void {
    this.#thread.postMessage(message);
  }
}
