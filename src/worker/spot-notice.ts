import type { LeavingMessage } from "../protocol/control-messages.js";

/** How EC2 will take a Spot instance back. */
export interface SpotNotice {
  /** `terminate`, `stop` or `hibernate`. */
  readonly action: string;
  /** In milliseconds since 1970; undefined where the notice gives no time that can be read. */
  readonly at: number | undefined;
}

/**
 * Reads the document `spot/instance-action` (EC2 user guide, "Spot Instance interruption notices"). Throws a `SyntaxError`
 * or `TypeError` if it is none.
 */
export function parseSpotNotice(text: string): SpotNotice {
  const { action, time } = JSON.parse(text) as { readonly action?: unknown; readonly time?: unknown };
  if (typeof action !== "string") throw new TypeError("the notice names no action");
  const at = typeof time === "string" ? Date.parse(time) : NaN;
  return { action, at: Number.isNaN(at) ? undefined : at };
}

/** What the worker tells of a notice. */
export function leavingForSpot({ action, at }: SpotNotice, instanceId: string | undefined): LeavingMessage {
  const instance = instanceId === undefined ? "its Spot instance" : `its Spot instance ${instanceId}`;
  const when = at === undefined ? "within minutes" : `at ${new Date(at).toISOString()}`;
  return {
    reason: `EC2 takes ${instance} back ${when} (${action})`,
    cause: "Spot interruption",
    ...(at === undefined ? {} : { deadline: at }),
    ...(instanceId === undefined ? {} : { instanceId }),
  };
}
