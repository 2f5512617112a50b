/** A function on a thread's stack, as the debugger interface shows it. */
export interface StackFrame {
  readonly functionName: string;
  /** URL of its script. */
  readonly url: string;
}

/** Where a thread stands. */
export interface StackState {
  /** Innermost first. */
  readonly frames: readonly StackFrame[];
  /** Node's `executionAsyncId()` there; undefined if it could not be had. */
  readonly asyncId: number | undefined;
}

/** What is to be broken off. */
export interface StackCheck {
  /** Script of the worker's own program. */
  readonly ownUrl: string;
  /** Whether the synchronous part of a call is on the stack, and not something that a call has left behind. */
  readonly isOnStack: boolean;
}

/**
 * Whether a thread may be broken off where it stands. Breaking off unwinds the whole stack, and no `catch` or `finally`
 * on it runs: so nothing of the worker's own may be at work above the program's code, and nothing of Node's that does
 * not survive it.
 */
export function mayBreakOff(state: StackState, { ownUrl, isOnStack }: StackCheck): boolean {
  const { frames } = state;
  const firstOwn = frames.findIndex(({ url }) => url === ownUrl);
  if (isOnStack) {
    // Below the call there is the worker that runs it, and Node; the program's code again would mean that it has called
    // into the worker, which is in the middle of something.
    if (firstOwn <= 0) return false;
    if (frames.slice(firstOwn).some(({ url }) => url !== ownUrl && isOfProgram(url))) return false;
  } else if (firstOwn !== -1) return false;
  return survivesInNode(state);
}

function isOfProgram(url: string): boolean {
  return url !== "" && !url.startsWith("node:");
}

/**
 * Node keeps a record of the callbacks that run, and ends the process when it finds entries too many as it leaves its
 * lists of timers or immediates: one for a callback of theirs, or a `nextTick` callback between two of them, that did not
 * come back. The lists themselves stand in the record as 0.
 */
function survivesInNode({ frames, asyncId }: StackState): boolean {
  const isInList = frames.some(
    ({ functionName, url }) =>
      url === "node:internal/timers" &&
      (functionName === "processTimers" || functionName === "processImmediate"),
  );
  return !isInList || asyncId === 0;
}
