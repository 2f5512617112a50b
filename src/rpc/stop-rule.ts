/** What becomes of a call that goes on after its caller has given up. */
export interface StopRule {
  /**
   * `signal`: the `signal` of its `currentCall()` aborts, and no more. `interrupt`: if it computes without a pause, it is
   * broken off too. `kill`: and if that is not possible, or it does not end, its worker's process is ended.
   */
  readonly stop: "signal" | "interrupt" | "kill";
  /** How long it may go on before force is used, in milliseconds. */
  readonly stopAfterMs: number;
}

export const DEFAULT_STOP: StopRule = { stop: "interrupt", stopAfterMs: 1_000 };

/** A call whose caller has given up and that has not been answered yet. */
export interface AbandonedCall {
  readonly id: number;
  readonly rule: StopRule;
  isAnswered: boolean;
  /** Its id must not be given to another call yet, even if it is answered: somebody is about to stop it by that id. */
  isHeld: boolean;
}
