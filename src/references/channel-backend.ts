/**
 * What a channel may be made of instead of Rollcall's own buffer: a priority queue, say, or a store on disk. It lives in the
 * process that owns the channel. Its methods may be asynchronous; those that wait should stop when their signal aborts, and
 * reject then. A backend that is closed should reject with a `ChannelClosedError`.
 */
export interface ChannelBackend<T> {
  put(value: T, signal: AbortSignal): void | PromiseLike<void>;
  take(signal: AbortSignal): T | PromiseLike<T>;
  /** The value that `take` would give, left where it is. A channel without it has no `fetch` and no `wait`. */
  fetch?(signal: AbortSignal): T | PromiseLike<T>;
  /** Whether `take` would give a value at once. */
  isReady?(): boolean | PromiseLike<boolean>;
  /** How many values it holds. */
  size?(): number | PromiseLike<number>;
  close?(error?: unknown): void | PromiseLike<void>;
  isOpen?(): boolean | PromiseLike<boolean>;
}

export function isChannelBackend(value: unknown): value is ChannelBackend<unknown> {
  if (typeof value !== "object" || value === null) return false;
  const { put, take } = value as Partial<ChannelBackend<unknown>>;
  return typeof put === "function" && typeof take === "function";
}
