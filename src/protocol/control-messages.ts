/** What the messages of the control channel and of a join hold; `MessageType` names them. */

/** `report`: a worker says who and where it is. */
export interface ReportMessage {
  readonly osPid: number;
  /** Candidate addresses in the order in which they should be dialled, all with the same port. */
  readonly hosts: readonly string[];
  /** The port that leads to the worker, which need not be the one that it listens on. 0: it cannot be dialled. */
  readonly port: number;
  readonly nodeVersion: string;
  readonly rollcallVersion: string;
  /** Cores this process may use, if need be shared with the other workers of its container. */
  readonly cores: number;
  /** Bytes of memory this process may use, shared likewise. */
  readonly memory: number;
  readonly hostname: string;
  /** The value of `ROLLCALL_LAUNCHED_ID` in its environment. */
  readonly launchedId?: string;
  /** Its ECS task, from the task metadata endpoint. */
  readonly taskArn?: string;
  /** Which of the workers of its container it is, from 1 on, and how many there are; absent if it is alone there. */
  readonly slot?: number;
  readonly slots?: number;
}

/** `join`, on the data connection: the manager makes a process a member. */
export interface JoinMessage {
  readonly pid: number;
  readonly output: "pipe" | "control";
  /** How often the manager pings, and the silence after which a worker looks for it again. In milliseconds. */
  readonly heartbeat: { readonly intervalMs: number; readonly lostMs: number };
  /** How long a worker without its manager tries to reach it again. */
  readonly managerGraceMs: number;
  /** How long a worker whose platform takes it away may finish its calls. */
  readonly drainMs: number;
  readonly maxMessageBytes: number;
  /** Of the manager. */
  readonly hostname: string;
  /** Which workers it may call. */
  readonly topology: "all_to_all" | "master_worker" | "custom";
  /** Whether it connects to another worker with its first call, rather than as soon as it knows it. */
  readonly lazy: boolean;
}

/** `joined`: the worker is ready for calls. */
export interface JoinedMessage {
  readonly pid: number;
}

/** `output`: lines that the worker's program wrote. */
export interface OutputMessage {
  readonly stream: "stdout" | "stderr";
  readonly lines: readonly string[];
}

/** `status`: what the worker's program says of itself. */
export interface StatusMessage {
  readonly key: string;
  /** An encoded value. */
  readonly value: Uint8Array;
}

/**
 * `shutdown`: the worker is asked to exit, when the calls that it has are over or after `drainMs`, and ends itself by force
 * `graceMs` after that.
 */
export interface ShutdownMessage {
  readonly graceMs: number;
  readonly drainMs: number;
}

/** `leaving`: the worker exits on its own account. `drain`: it should do so, and why; the same content. */
export interface LeavingMessage {
  /** One sentence for people, or the name of a signal. */
  readonly reason: string;
  /** When its platform ends it, whatever it does: milliseconds since 1970. */
  readonly deadline?: number;
  /** Nothing presses: calls may take as long as they need. */
  readonly isPatient?: boolean;
  /** A short, stable name of the cause, as in an `ExitReason`. */
  readonly cause?: string;
  /** The EC2 instance that goes, and all that runs there with it. */
  readonly instanceId?: string;
}

/** `stop`: a call is to end, or all of them, by force if the worker's main thread is held up by it. */
export interface StopMessage {
  /** Comes back with the answer. */
  readonly request: number;
  /** The id of the call, of those that the manager has made; without it all calls are to end, whoever made them. */
  readonly call?: number;
}

/** `stopped`: what has become of a `stop`. */
export interface StoppedMessage {
  readonly request: number;
  readonly outcome: StopOutcome;
}

/**
 * `told`: the main thread has heard it. `broken-off`: by force. `held-up`: the main thread is busy with something that
 * was not to be stopped. `stuck`: what it does cannot be broken off.
 */
export type StopOutcome = "told" | "broken-off" | "held-up" | "stuck";
