import { Session } from "node:inspector";
import type { StackState } from "./stack-check.js";

export type BreakOffResult =
  /** What it ran is gone. */
  | "broken-off"
  /** It does something else by now. */
  | "missed"
  /** It stands where it cannot be broken off. */
  | "refused"
  /** It did not stop in time: it is in native code. */
  | "stuck";

/** What to do with the thread where it stands. */
export type Verdict = "break-off" | "missed" | "refused";

const ASYNC_ID = `process.getBuiltinModule("node:async_hooks").executionAsyncId()`;
/**
 * Node ends a process that returns to its event loop with callbacks on record, once anything follows them: async hooks,
 * and on Node 20 and 22 every `AsyncLocalStorage`, that of `currentCall()` too. An error that the program handles has Node
 * clear that record; what is broken off does not. Nothing public does it, and Node would warn the program of what does.
 */
const CLEAR_ASYNC_IDS = `{
  const shown = Object.getOwnPropertyDescriptor(process, "emitWarning");
  process.emitWarning = () => {};
  try {
    process.binding("async_wrap").clearAsyncIdStack();
  } finally {
    if (shown !== undefined) Object.defineProperty(process, "emitWarning", shown);
  }
}`;

interface Evaluated {
  readonly result: { readonly value?: unknown };
}

interface ScriptParsed {
  readonly params: { readonly scriptId: string; readonly url: string };
}

interface Paused {
  readonly params: {
    readonly callFrames: readonly {
      readonly functionName: string;
      readonly location: { readonly scriptId: string };
    }[];
  };
}

/**
 * Stops this process's main thread wherever it is, from another thread, and lets it go on, or breaks off what it runs,
 * as `decide` says: nothing moves while that is asked. Whatever is on its stack is gone then, without a `catch` or
 * `finally` having run, and the thread goes on with the next event.
 */
export function breakOffMainThread(
  limitMs: number,
  decide: (state: StackState) => Verdict,
): Promise<BreakOffResult> {
  return new Promise((resolve) => {
    const session = new Session();
    const finish = (result: BreakOffResult): void => {
      clearTimeout(timer);
      session.disconnect();
      resolve(result);
    };
    const timer = setTimeout(() => finish("stuck"), limitMs);
    session.connectToMainThread();
    const scripts = new Map<string, string>();
    session.on("Debugger.scriptParsed", ({ params }: ScriptParsed) =>
      scripts.set(params.scriptId, params.url),
    );
    session.on("Debugger.paused", ({ params }: Paused) => {
      const frames = params.callFrames.map(({ functionName, location }) => ({
        functionName,
        url: scripts.get(location.scriptId) ?? "",
      }));
      session.post("Runtime.evaluate", { expression: ASYNC_ID }, (_error, answer?: Evaluated) => {
        const asyncId = answer?.result.value;
        const verdict = decide({ frames, asyncId: typeof asyncId === "number" ? asyncId : undefined });
        const terminateOnResume = verdict === "break-off";
        if (terminateOnResume) session.post("Runtime.evaluate", { expression: CLEAR_ASYNC_IDS });
        session.post("Debugger.resume", { terminateOnResume }, () =>
          finish(verdict === "break-off" ? "broken-off" : verdict),
        );
      });
    });
    session.post("Debugger.enable");
    session.post("Debugger.pause");
  });
}
