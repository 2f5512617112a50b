/** What hears of the end of one signal. */
interface Listeners {
  readonly all: Set<() => void>;
  readonly stop: () => void;
}

const listening = new WeakMap<AbortSignal, Listeners>();

/**
 * Calls back, once, when the signal aborts; returns how to stop that. A signal that a program hands to many calls gets one
 * listener for all of them, as Node.js takes more than ten on a signal for a leak and says so. The signal must not have
 * aborted.
 */
export function onceAborted(signal: AbortSignal, listener: () => void): () => void {
  let listeners = listening.get(signal);
  if (listeners === undefined) listening.set(signal, (listeners = listenTo(signal)));
  const { all, stop } = listeners;
  all.add(listener);
  return () => {
    if (all.delete(listener) && all.size === 0) stop();
  };
}

function listenTo(signal: AbortSignal): Listeners {
  const all = new Set<() => void>();
  const onAbort = (): void => {
    listening.delete(signal);
    for (const listener of all) listener();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  const stop = (): void => {
    listening.delete(signal);
    signal.removeEventListener("abort", onAbort);
  };
  return { all, stop };
}
