import type { InternalFunctions } from "./internal-functions.js";

/** References that came with a value, one entry for each time one came. Only who made it looks inside. */
export type Arrived = readonly object[];

/** Under which reference the result of a call is kept where it runs: the caller's pid, and its number for that process. */
export type KeepAs = readonly [creator: number, number: number];

export type KeptOutcome = { readonly value: unknown } | { readonly error: unknown };

/** What those who send and receive calls tell a process's remote references, and ask of them. */
export interface ReferenceTraffic {
  /** Functions that others may call on this process without naming a module. */
  readonly internal: InternalFunctions;
  /** A message with these objects has been handed to the connection to process `pid`. */
  sent(carried: readonly object[], pid: number): void;
  /** The references that came with what has been decoded since this was asked last, if any. */
  takeArrived(): Arrived | undefined;
  /** Nobody will look at the value that they came with. */
  dropped(arrived: Arrived): void;
  /** A call has come whose outcome is to be kept. */
  begin(keepAs: KeepAs): void;
  /** It has ended, or will not begin. */
  settle(keepAs: KeepAs, outcome: KeptOutcome): void;
}

/** Of a process that keeps nothing for others and knows no references. */
export const noReferences: ReferenceTraffic = {
  internal: new Map(),
  sent: () => {},
  takeArrived: () => undefined,
  dropped: () => {},
  begin: () => {},
  settle: () => {},
};
