/** For a program whose parent has an IPC channel to it: the signal aborts at SIGTERM, and when the parent is gone. */
export function toldToEnd(): AbortSignal {
  const ending = new AbortController();
  const end = (): void => ending.abort(new Error("told to end"));
  process.once("SIGTERM", end).once("disconnect", end);
  // Listening must not keep the process.
  process.channel?.unref();
  return ending.signal;
}
