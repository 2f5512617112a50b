import { LinkLostError, NoWorkersError, ProcessExitedError, RemoteError } from "../errors.js";
import { abortable, delay } from "../util/time-limit.js";
import type { CheckedTarget } from "./call-target.js";

/** Makes a call, and again as its options say. An attempt never begins after `signal` has aborted. */
export async function retried<T>(
  { where, retryDelays = [], retryCheck }: CheckedTarget,
  signal: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T> {
  let wasLost = false;
  for (let n = 0; ; n++) {
    try {
      return await attempt();
    } catch (error) {
      const delayMs = retryDelays[n];
      if (delayMs === undefined || signal.aborted || !mayPass(error, where, wasLost)) throw error;
      if (retryCheck !== undefined) {
        const answer = Promise.resolve(retryCheck(error, { attempt: n + 1 }));
        if (!(await abortable(answer, signal))) throw error;
      }
      wasLost ||= !(error instanceof RemoteError);
      await delay(delayMs, signal);
    }
  }
}

/** Whether another attempt could end in another way: what is refused before it is sent is refused again. */
function mayPass(error: unknown, where: CheckedTarget["where"], wasLost: boolean): error is Error {
  if (error instanceof RemoteError || error instanceof LinkLostError) return true;
  // Where only this process will do, its end is that of the call.
  if (error instanceof ProcessExitedError) return typeof where !== "number";
  // The last worker was lost, and another one may be on its way.
  return error instanceof NoWorkersError && wasLost;
}
