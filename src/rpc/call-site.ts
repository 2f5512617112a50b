/**
 * Gives an error that was made when a message arrived the stack of the code that waits for it: that of `site`, by default
 * where this is called, from which the trace goes on through `await`. Errors that are not from another process stay as they are.
 */
export function withCallSite(error: unknown, site = new Error()): unknown {
  if (!(error instanceof Error) || !("remoteStack" in error)) return error;
  const callSite = site.stack?.split("\n").slice(2).join("\n");
  if (callSite !== undefined) {
    error.stack = `${error.name}: ${error.message}\n${callSite}\n    --- on the worker ---\n${String(error.remoteStack)}`;
  }
  return error;
}
