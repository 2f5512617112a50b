import { AsyncLocalStorage } from "node:async_hooks";

/** The call that the running code belongs to. */
export interface CurrentCall {
  /**
   * Aborts when nobody waits for the call any more: its caller's signal has aborted, its time is up (which this process
   * notices by itself, whatever the network does), it was interrupted, or its caller's process is gone. What the code
   * then returns or throws is dropped.
   */
  readonly signal: AbortSignal;
  /** When its time is up, in milliseconds since 1970 by this machine's clock; undefined without a limit. */
  readonly deadline: number | undefined;
  /** The process that made the call. */
  readonly callerPid: number;
}

/** A call as this module sees it: it tells about itself only when asked. */
export interface RunningCall {
  readonly context: CurrentCall;
}

interface Holder {
  /** Whose function is on the stack. */
  running: RunningCall | undefined;
  /** Follows calls over their `await`s, from the first question on: until then nobody pays for it. */
  storage: AsyncLocalStorage<RunningCall> | undefined;
}

/** On `globalThis`, since the worker's program is bundled and what it runs imports this module from the package. */
const holderKey = Symbol.for("rollcall.current-call");

const holder: Holder = ((globalThis as { [holderKey]?: Holder })[holderKey] ??= {
  running: undefined,
  storage: undefined,
});

/**
 * The call that this code runs for: on a worker, and in the manager's own process when it is the target. Ask for it in
 * the first, synchronous part of the function; once any call of the process has asked, later ones are followed through
 * everything that they await. Throws a `TypeError` where no call is known.
 *
 * @example
 * export async function search(query: string): Promise<Hit[]> {
 *   const { signal } = currentCall();
 *   return parse(await fetch(urlOf(query), { signal }));
 * }
 */
export function currentCall(): CurrentCall {
  const call = holder.storage?.getStore() ?? holder.running;
  if (call === undefined) {
    throw new TypeError(
      "currentCall() was asked outside of a call; ask it in the called function, before its first await, and hand " +
        "on what it gives",
    );
  }
  if (holder.storage === undefined) {
    holder.storage = new AsyncLocalStorage();
    // This call was begun without it.
    holder.storage.enterWith(call);
  }
  return call.context;
}

/** Runs the synchronous part of a call. */
export function runAs(call: RunningCall, fn: (...args: never[]) => unknown, args: never[]): unknown {
  const before = holder.running;
  holder.running = call;
  try {
    return holder.storage === undefined
      ? fn.apply(undefined, args)
      : holder.storage.run(call, apply, fn, args);
  } finally {
    holder.running = before;
  }
}

function apply(fn: (...args: never[]) => unknown, args: never[]): unknown {
  return fn.apply(undefined, args);
}

/** After a function was broken off, which runs no `finally`. */
export function noCallRuns(): void {
  holder.running = undefined;
}
