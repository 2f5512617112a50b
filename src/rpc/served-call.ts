import { OpenCall } from "./open-call.js";
import type { Arrived, KeepAs } from "./reference-traffic.js";
import type { FunctionSlot } from "./served-functions.js";

/** One call of a peer's, from its message to its answer. */
export class ServedCall extends OpenCall {
  /** What its function still gives is dropped. */
  isAnswered = false;
  /** Its place among the `RunningCalls`, which alone change it. */
  isRunning = false;
  newer: ServedCall | undefined;
  older: ServedCall | undefined;

  readonly id: number;
  readonly flags: number;

  constructor(
    /** Its place among the calls of its peer. */
    readonly serial: number,
    { id, flags }: { readonly id: number; readonly flags: number },
    readonly target: FunctionSlot,
    readonly args: never[],
    /** Where a kept result goes. */
    readonly keepAs: KeepAs | undefined,
    /** References among the arguments. */
    readonly arrived: Arrived | undefined,
    deadline: number,
    callerPid: number,
  ) {
    super(deadline, callerPid);
    this.id = id;
    this.flags = flags;
  }
}
