import type { ExitReason, LaunchFailure } from "../errors.js";

/** The stages of a launched worker before it is a member, in their order. */
export const stages = ["placed", "started", "reported"] as const;
export type Stage = (typeof stages)[number];

/** A launched worker, perhaps a member, that is gone. */
export function exitFailure(id: string, reason: ExitReason): LaunchFailure {
  const { advice, cause = reason.kind, message } = reason;
  return { count: 1, cause, message, ids: [id], exit: reason, ...(advice === undefined ? {} : { advice }) };
}

const UNREACHABLE =
  "can the worker reach the manager's address and port (security group, route)? does its command start a Rollcall worker?";

/** A worker that runs, as far as the platform can tell, and is silent. */
export function neverReported(id: string, reportMs: number, refusals: number): LaunchFailure {
  return {
    count: 1,
    cause: "never reported",
    message: `the worker was started but did not report in within ${reportMs} ms`,
    advice:
      refusals > 0
        ? `${refusals} connections to the rendezvous were refused: was it another launch's or manager's worker?`
        : UNREACHABLE,
    ids: [id],
  };
}

/** By how many of `stages` a worker had behind it: what it was waiting for, and what helps. */
const WAITED_FOR: readonly { readonly what: string; readonly advice: string }[] = [
  {
    what: "it had been accepted and waited for a machine",
    advice:
      "is there room, or does a machine have to start first? give the launch more time (timeouts.launchMs)",
  },
  {
    what: "it had a machine and was not running yet",
    advice:
      "a large image takes time to pull: give the launch more time (timeouts.launchMs), or a smaller image",
  },
  { what: "it was running and had not reported in", advice: UNREACHABLE },
  {
    what: "it had reported in and was joining",
    advice: "can the manager reach the worker's address and port (security group, route)?",
  },
];

/** A worker that had not become a member when the launch's own time was up. */
export function tooLate(id: string, launchMs: number, stagesReached: number): LaunchFailure {
  const { what, advice } = WAITED_FOR[stagesReached] ?? { what: "it was joining", advice: UNREACHABLE };
  return { count: 1, cause: "too late", message: `${timeUp(launchMs)}: ${what}`, advice, ids: [id] };
}

/** Workers that the platform had not even accepted by then; `hindrance` is what it had last said of it. */
export function neverAccepted(
  count: number,
  launchMs: number,
  hindrance: LaunchFailure | undefined,
): LaunchFailure {
  if (hindrance !== undefined)
    return { ...hindrance, count, message: `${timeUp(launchMs)}: ${hindrance.message}` };
  return {
    count,
    cause: "too late",
    message: `${timeUp(launchMs)}: the platform had not answered for it`,
    advice: "the platform was busy or had no room: give the launch more time (timeouts.launchMs)",
  };
}

function timeUp(launchMs: number): string {
  return `not a member when the time for the launch, ${launchMs} ms, was up`;
}
