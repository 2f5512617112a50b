import type { LeavingMessage } from "../protocol/control-messages.js";
import { delay } from "../util/time-limit.js";
import type { InstanceMetadata } from "./instance-metadata.js";
import { leavingForSpot, parseSpotNotice } from "./spot-notice.js";

/** AWS advises to look every 5 s (EC2 user guide, "Spot Instance interruption notices"). */
const INTERVAL_MS = 5_000;
const ANSWER_MS = 1_000;
/** A service that has never answered by then does not exist here, or is shut off. */
const MOST_FAILURES = 3;
/** Of an answering service that fails for a while, or throttles: pauses grow up to so many intervals. */
const LONGEST_PAUSE = 12;

export interface SpotWatchOptions {
  readonly metadata: Pick<InstanceMetadata, "get">;
  readonly signal: AbortSignal;
  readonly intervalMs?: number;
}

/**
 * Looks for the notice that EC2 takes this Spot instance back, which ECS does not pass on to tasks of RunTask (Amazon ECS
 * developer guide, "Container instance draining"). Resolves with it; with undefined where none can come: on an instance
 * that is not Spot, or without a metadata service. The first look comes at a random time within an interval, so that the
 * workers of an instance do not look together. Never rejects.
 */
export async function watchSpot({
  metadata,
  signal,
  intervalMs = INTERVAL_MS,
}: SpotWatchOptions): Promise<LeavingMessage | undefined> {
  let hasAnswered = false;
  let failures = 0;
  let pauseMs = Math.random() * intervalMs;
  for (;;) {
    try {
      await delay(pauseMs, signal);
    } catch {
      return undefined;
    }
    try {
      if (!hasAnswered && (await isOtherInstance(metadata))) return undefined;
      const { status, text } = await metadata.get("spot/instance-action", ANSWER_MS);
      if (status === 200) return leavingForSpot(parseSpotNotice(text), await instanceId(metadata));
      if (status !== 404) throw new Error(`HTTP ${status}`);
      hasAnswered = true;
      failures = 0;
    } catch {
      failures++;
      if (!hasAnswered && failures >= MOST_FAILURES) return undefined;
    }
    pauseMs = intervalMs * Math.min(2 ** failures, LONGEST_PAUSE);
  }
}

/** Whether it is known not to be a Spot instance. */
async function isOtherInstance(metadata: SpotWatchOptions["metadata"]): Promise<boolean> {
  const { status, text } = await metadata.get("instance-life-cycle", ANSWER_MS);
  return status === 200 && text.trim() !== "spot";
}

async function instanceId(metadata: SpotWatchOptions["metadata"]): Promise<string | undefined> {
  try {
    const { status, text } = await metadata.get("instance-id", ANSWER_MS);
    return status === 200 ? text.trim() : undefined;
  } catch {
    // The notice matters more than the name.
    return undefined;
  }
}
