/**
 * Every error Rollcall throws on its own account. `code` is stable and is what programs compare; messages
 * name the value that was wrong and the way out, and may change. Bad arguments are `TypeError` or
 * `RangeError`, thrown before anything is started or sent; an aborted wait rejects with its signal's reason.
 */
export abstract class RollcallError extends Error {
  abstract readonly code: string;

  /**
   * By kind, and not by the very class: a worker's program is one file with these classes in it, and the functions that
   * it runs import them from the package. One that another process has sent, as the cause of a `RemoteError` say, is an
   * `Error` with the name and the fields of its class.
   */
  static override [Symbol.hasInstance](value: unknown): boolean {
    const prototype = this.prototype as object;
    if (!Object.hasOwn(prototype, kindKey)) return Function.prototype[Symbol.hasInstance].call(this, value);
    const kind: unknown = Reflect.get(prototype, kindKey);
    for (let at = value; typeof at === "object" && at !== null; at = Object.getPrototypeOf(at) as unknown) {
      if (Object.hasOwn(at, kindKey) && Reflect.get(at, kindKey) === kind) return true;
    }
    return isCopyOf(value, kind);
  }
}

/** On each prototype, the name of the class. */
const kindKey = Symbol.for("rollcall.error-kind");

function isCopyOf(value: unknown, kind: unknown): boolean {
  if (!(value instanceof Error) || !("code" in value) || !String(value.code).startsWith("ERR_")) return false;
  return kind === "RollcallError" ? kinds.has(value.name) : value.name === kind;
}

/** Names of the classes. */
const kinds = new Set<string>();

function nameOnPrototype(type: { readonly prototype: Error }, name: string): void {
  Object.defineProperty(type.prototype, kindKey, { value: name });
  kinds.add(name);
  if (type !== RollcallError) {
    Object.defineProperty(type.prototype, "name", { value: name, configurable: true, writable: true });
  }
}

/** How a worker's process ended, in the words of whoever could tell. */
export interface ExitReason {
  /**
   * `removed`: asked for. `exited`: its program ended (`exitCode`). `signalled`: a signal ended it (`signal`).
   * `stopped`: the platform stopped it, or the manager because of a call that did not end. `connection-lost`: its data connection ended and the platform did not know why.
   * `unresponsive`: its control channel stopped answering.
   */
  readonly kind: "removed" | "exited" | "signalled" | "stopped" | "connection-lost" | "unresponsive";
  /** One sentence for people; for ECS it holds the stop code and the stopped reason as ECS gives them. */
  readonly message: string;
  readonly exitCode?: number;
  readonly signal?: string;
  /** It had said that it would leave, without having been asked: its platform took it away. */
  readonly announced?: boolean;
  /** A short, stable name of the cause, where the platform's words are known: `out of memory`, `image not found`, ... */
  readonly cause?: string;
  /** What the user can do about it. */
  readonly advice?: string;
  /** The last lines the process wrote, oldest first, where they could be had. */
  readonly output?: readonly string[];
  /** Pages of the platform's console about this process. */
  readonly links?: readonly ConsoleLink[];
}

/** A page for people. */
export interface ConsoleLink {
  /** `task` or `logs`. */
  readonly title: string;
  readonly url: string;
}

/** User code threw on another process. `cause` is the error itself, as far as its class is known here. */
export class RemoteError extends RollcallError {
  readonly code = "ERR_REMOTE";
  constructor(
    message: string,
    /** The process on which it was thrown. */
    readonly pid: number,
    /** `name` of the error there. */
    readonly remoteName: string,
    /** The stack there, as text. */
    readonly remoteStack: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The worker is gone: thrown for the calls it was running and for every later use of its pid. */
export class ProcessExitedError extends RollcallError {
  readonly code = "ERR_PROCESS_EXITED";
  constructor(
    readonly pid: number,
    readonly reason: ExitReason,
  ) {
    super(`worker ${pid} is gone: ${describeExit(reason)}`);
  }
}

/** No process of this cluster ever had this pid. */
export class NoSuchProcessError extends RollcallError {
  readonly code = "ERR_NO_SUCH_PROCESS";
  constructor(
    readonly pid: number,
    known: readonly number[],
  ) {
    super(`no process ${pid} in this cluster; its processes are ${known.join(", ")}`);
  }
}

/** Why some of the workers of a launch did not come. */
export interface LaunchFailure {
  /** How many workers this is about. */
  readonly count: number;
  /**
   * A short, stable name of the cause: `RESOURCE:CPU`, `AccessDeniedException`, `image not found`, `out of memory`,
   * `exit code 1`, `exited`, `never reported`, `too late`, ...
   */
  readonly cause: string;
  /** What was seen, in the platform's own words where it has any. */
  readonly message: string;
  /** What the user can do about it. */
  readonly advice?: string;
  /** The platform's ids of the workers concerned (task ARNs on ECS), as far as they exist. */
  readonly ids?: readonly string[];
  /** How it ended; of several workers the first of whose output something is known. */
  readonly exit?: ExitReason;
}

/** Fewer workers came than the launch needs. Everything that had been started has been stopped. */
export class LaunchError extends RollcallError {
  readonly code = "ERR_LAUNCH_FAILED";
  constructor(
    readonly manager: string,
    readonly wanted: { readonly min: number; readonly max: number },
    readonly joined: number,
    readonly failures: readonly LaunchFailure[],
    options?: ErrorOptions,
  ) {
    super(describeLaunchFailure(manager, wanted, joined, failures), options);
  }
}

/** A cluster manager's platform refused a request; nothing was started by it. */
export class ClusterManagerError extends RollcallError {
  readonly code = "ERR_CLUSTER_MANAGER";
  constructor(
    message: string,
    readonly manager: string,
    /** The platform's own name of the error, e.g. `ClusterNotFoundException`. */
    readonly serviceCode?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The two ends of a connection do not belong together: wrong secret, role or version. */
export class HandshakeError extends RollcallError {
  constructor(
    readonly code:
      | "ERR_HANDSHAKE_SECRET"
      | "ERR_HANDSHAKE_TOKEN"
      | "ERR_HANDSHAKE_VERSION"
      | "ERR_HANDSHAKE_LAUNCH_OVER"
      | "ERR_HANDSHAKE_TIMEOUT"
      | "ERR_HANDSHAKE_PEER",
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The peer broke the rules of the wire protocol; the connection ends. */
export class ProtocolError extends RollcallError {
  constructor(
    readonly code: "ERR_FRAME_TOO_LARGE" | "ERR_BAD_FRAME",
    message: string,
  ) {
    super(message);
  }
}

/** A connection ended while something was still expected of it. */
export class ConnectionClosedError extends RollcallError {
  readonly code = "ERR_CONNECTION_CLOSED";
}

/**
 * The connection between two workers broke while a call was under way on it; whether the call was carried out is not
 * known. Both are still in the cluster, and the next call makes a new connection.
 */
export class LinkLostError extends RollcallError {
  readonly code = "ERR_LINK_LOST";
  constructor(
    message: string,
    /** The worker at the other end. */
    readonly pid: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The cluster's topology does not let this worker call that one. */
export class TopologyError extends RollcallError {
  readonly code = "ERR_TOPOLOGY";
  constructor(
    message: string,
    readonly topology: string,
    readonly from: number,
    readonly to: number,
  ) {
    super(message);
  }
}

/** A value cannot travel. Only the call that carried it fails. */
export class SerializationError extends RollcallError {
  constructor(
    readonly code: "ERR_SERIALIZE" | "ERR_DESERIALIZE" | "ERR_MESSAGE_TOO_LARGE",
    message: string,
    /** Where in the value, e.g. `args[0].options.onDone`. */
    readonly path?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A function can travel neither by name nor by value, or was not found where it was sent. */
export class FunctionNotFoundError extends RollcallError {
  readonly code = "ERR_FUNCTION_NOT_FOUND";
}

/** The cluster was closed: no more workers can be added and no more calls made. */
export class ClusterClosedError extends RollcallError {
  readonly code = "ERR_CLUSTER_CLOSED";
}

/** A call did not end within its `timeoutMs`. */
export class CallTimeoutError extends RollcallError {
  readonly code = "ERR_CALL_TIMEOUT";
}

/** A call was ended on its worker before it was done: by `interrupt`, or by force after its caller had given up. */
export class CallInterruptedError extends RollcallError {
  readonly code = "ERR_CALL_INTERRUPTED";
}

/** What these workers run cannot be broken off: native code, or a place in which Node would not survive it. */
export class InterruptError extends RollcallError {
  readonly code = "ERR_NOT_INTERRUPTED";
  constructor(readonly pids: readonly number[]) {
    super(
      `${pids.length === 1 ? `worker ${pids[0]}` : `workers ${pids.join(", ")}`} could not be interrupted: what runs ` +
        `there is native code, or in a place where it cannot be broken off. Calls that had not begun are ended; to end ` +
        `the rest, remove the process: rmProcs([${pids.join(", ")}], { graceMs: 0 })`,
    );
  }
}

/** `pmap` set an item aside because it was being worked on each time a worker died. */
export class ItemKillsWorkersError extends RollcallError {
  readonly code = "ERR_ITEM_KILLS_WORKERS";
  constructor(
    /** Position of the item in the input, from 0. */
    readonly index: number,
    readonly deaths: number,
    options?: ErrorOptions,
  ) {
    super(
      `item ${index} was set aside: ${deaths} workers died while they worked on it. The last death is the cause; ` +
        `raise maxDeaths if the item is not to blame`,
      options,
    );
  }
}

/** What was to run everywhere failed on some processes. On the others it has run. `cause` is the first of the errors. */
export class EverywhereError extends RollcallError {
  readonly code = "ERR_EVERYWHERE";
  constructor(
    /** The function or module. */
    readonly what: string,
    processes: number,
    /** By the pid of the process on which it was thrown. */
    readonly errors: ReadonlyMap<number, unknown>,
  ) {
    const [first] = errors.values();
    const pids = [...errors.keys()];
    super(
      `${what === "" ? "the function" : what} failed on ${pids.length} of ${processes} processes ` +
        `(${pids.slice(0, 20).join(", ")}${pids.length > 20 ? ", ..." : ""}): ` +
        (first instanceof Error ? first.message : String(first)),
      { cause: first },
    );
  }
}

/** This process, or every one, has let go of a remote reference; what it stood for cannot be reached by it any more. */
export class ReferenceReleasedError extends RollcallError {
  readonly code = "ERR_REFERENCE_RELEASED";
}

/** The process that should own the value of a remote reference has never heard of it. */
export class UnknownReferenceError extends RollcallError {
  readonly code = "ERR_UNKNOWN_REFERENCE";
}

/** A future was to be set that has its value already, or gets it from a call. */
export class FutureAlreadySetError extends RollcallError {
  readonly code = "ERR_FUTURE_ALREADY_SET";
}

/** A channel is closed, and what it held has been taken. `cause` says why, if it was not closed in good order. */
export class ChannelClosedError extends RollcallError {
  readonly code = "ERR_CHANNEL_CLOSED";
}

/** The work needs a worker and none is left. */
export class NoWorkersError extends RollcallError {
  readonly code = "ERR_NO_WORKERS";
}

for (const [name, type] of Object.entries({
  RollcallError,
  RemoteError,
  ProcessExitedError,
  NoSuchProcessError,
  LaunchError,
  ClusterManagerError,
  HandshakeError,
  ProtocolError,
  ConnectionClosedError,
  LinkLostError,
  TopologyError,
  SerializationError,
  FunctionNotFoundError,
  ClusterClosedError,
  CallTimeoutError,
  CallInterruptedError,
  InterruptError,
  ItemKillsWorkersError,
  EverywhereError,
  ReferenceReleasedError,
  UnknownReferenceError,
  FutureAlreadySetError,
  ChannelClosedError,
  NoWorkersError,
})) {
  nameOnPrototype(type, name);
}

/** An exit reason as one line, with the last output below it where there is any. */
export function describeExit(reason: ExitReason): string {
  const what = reason.advice === undefined ? reason.message : `${reason.message}; ${reason.advice}`;
  const output = reason.output ?? [];
  return output.length === 0
    ? what
    : `${what}; its last output:\n${output.map((line) => `    ${line}`).join("\n")}`;
}

/** Ids of workers in a message; `ids` of the failure has them all. */
const IDS_SHOWN = 3;

function describeLaunchFailure(
  manager: string,
  wanted: { readonly min: number; readonly max: number },
  joined: number,
  failures: readonly LaunchFailure[],
): string {
  const need = wanted.min === wanted.max ? `${wanted.min}` : `at least ${wanted.min} of ${wanted.max}`;
  const groups = failures
    .toSorted((a, b) => b.count - a.count)
    .flatMap((failure) => describeGroup(failure, wanted.max));
  return [`${manager}: ${joined} workers joined, ${need} were wanted`, ...groups].join("\n");
}

function describeGroup(failure: LaunchFailure, max: number): readonly string[] {
  const ids = failure.ids ?? [];
  const details = [
    ...(failure.advice === undefined ? [] : [failure.advice]),
    ...ids.slice(0, IDS_SHOWN),
    ...(ids.length > IDS_SHOWN ? [`and ${ids.length - IDS_SHOWN} more`] : []),
    ...(failure.exit?.links ?? []).map(({ title, url }) => `${title}: ${url}`),
    ...(failure.exit?.output ?? []).map((line) => `| ${line}`),
  ];
  return [
    `  ${failure.count} of ${max}: ${failure.cause}: ${failure.message}`,
    ...details.map((line) => `    ${line}`),
  ];
}
