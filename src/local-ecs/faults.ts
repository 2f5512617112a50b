import type { LaunchTarget } from "./capacity-provider.js";
import { NO_FARGATE_CAPACITY } from "./fargate.js";

/** Trouble that the endpoint can be told to make. */
export type Fault =
  /** The request is refused with ThrottlingException "Rate exceeded". */
  | { readonly kind: "throttle"; readonly operation?: string; readonly times?: number }
  /** HTTP 500 without doing anything. */
  | { readonly kind: "fail"; readonly operation?: string; readonly times?: number }
  /** The work is done, then HTTP 500 is answered: the caller cannot know. */
  | { readonly kind: "lose-answer"; readonly operation?: string; readonly times?: number }
  /** The work is done, then the connection is cut. */
  | { readonly kind: "cut-connection"; readonly operation?: string; readonly times?: number }
  /**
   * RunTask reports this reason in `failures[]` for the next tasks instead of placing them; default `RESOURCE:CPU`, on Fargate
   * that its capacity is unavailable. With a name it hits tasks of that capacity provider only. Tasks of a
   * provider that brings instances do not make RunTask fail: they end with the reason, at once.
   */
  | {
      readonly kind: "no-capacity";
      readonly reason?: string;
      readonly capacityProvider?: string;
      readonly times?: number;
    }
  /** The next tasks stay PENDING for this long. */
  | { readonly kind: "delay-start"; readonly delayMs: number; readonly times?: number }
  /** The next tasks stay PENDING until they are stopped. */
  | { readonly kind: "never-start"; readonly times?: number }
  /** Beside each of the next tasks runs a second one of the same request, of which the answer says nothing. */
  | { readonly kind: "start-twice"; readonly times?: number }
  /** The next tasks that DescribeTasks is asked about are MISSING that time, as young ones can be. */
  | { readonly kind: "missing"; readonly times?: number }
  /** The next tasks end with `CannotPullContainerError: <reason>`. The default reason is that of an unknown image. */
  | { readonly kind: "pull-failure"; readonly reason?: string; readonly times?: number };

export type RequestFault = "throttle" | "fail" | "lose-answer" | "cut-connection";

const REQUEST_FAULTS: ReadonlySet<Fault["kind"]> = new Set([
  "throttle",
  "fail",
  "lose-answer",
  "cut-connection",
]);

/**
 * Scripted trouble, in the order in which it was added. `times` counts requests for the faults that name an operation
 * and tasks for the others; it defaults to 1 and may be Infinity. A fault without an operation hits any.
 */
export class Faults {
  readonly #pending: { readonly fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    const times = fault.times ?? 1;
    if (!(times === Infinity || (Number.isInteger(times) && times > 0)))
      throw new RangeError(`times must be a whole number above 0, or Infinity; it is ${times}`);
    if (fault.kind === "delay-start" && !(fault.delayMs >= 0))
      throw new RangeError(`delayMs must be 0 or more milliseconds; it is ${fault.delayMs}`);
    this.#pending.push({ fault, left: times });
  }

  /** Forgets all that is still to come. */
  clear(): void {
    this.#pending.length = 0;
  }

  /** The trouble for one request, used up by this call. */
  takeForRequest(operation: string): RequestFault | undefined {
    const found = this.#take(
      (fault) => isRequestFault(fault) && (fault.operation === undefined || fault.operation === operation),
    );
    return found !== undefined && isRequestFault(found) ? found.kind : undefined;
  }

  /** The reason for which one task is not placed, used up by this call. */
  takePlacementFailure({ launchType, capacityProvider }: LaunchTarget): string | undefined {
    const found = this.#take(
      (fault) =>
        fault.kind === "no-capacity" && [undefined, capacityProvider].includes(fault.capacityProvider),
    );
    if (found?.kind !== "no-capacity") return undefined;
    return found.reason ?? (launchType === "FARGATE" ? NO_FARGATE_CAPACITY : "RESOURCE:CPU");
  }

  /** How long one task is held back, used up by this call. */
  takeStartDelayMs(): number {
    const found = this.#take((fault) => fault.kind === "delay-start" || fault.kind === "never-start");
    if (found?.kind === "never-start") return Infinity;
    return found?.kind === "delay-start" ? found.delayMs : 0;
  }

  /** Whether one task is unknown to one DescribeTasks, used up by this call. */
  takeMissing(): boolean {
    return this.#take((fault) => fault.kind === "missing") !== undefined;
  }

  /** Whether one task is started twice, used up by this call. */
  takeStartTwice(): boolean {
    return this.#take((fault) => fault.kind === "start-twice") !== undefined;
  }

  /** Whether, and why, the images of one task cannot be pulled; used up by this call. */
  takePullFailure(): { readonly reason?: string } | undefined {
    const found = this.#take((fault) => fault.kind === "pull-failure");
    return found?.kind === "pull-failure" ? found : undefined;
  }

  #take(matches: (fault: Fault) => boolean): Fault | undefined {
    const index = this.#pending.findIndex(({ fault }) => matches(fault));
    const entry = this.#pending[index];
    if (entry === undefined) return undefined;
    entry.left -= 1;
    if (entry.left === 0) this.#pending.splice(index, 1);
    return entry.fault;
  }
}

function isRequestFault(
  fault: Fault,
): fault is Fault & { readonly kind: RequestFault; readonly operation?: string } {
  return REQUEST_FAULTS.has(fault.kind);
}
