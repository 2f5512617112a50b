import type { ExitReason } from "../errors.js";
import type { LaunchedWorker, LeavingNotice } from "./cluster-manager.js";

const TAKEN_AWAY_ADVICE =
  "its platform took it away: addProcs with replace starts another worker for each such one";

/** The end of a worker that had said that it would leave: that is why it is gone, however its process then ended. */
export function announcedExit(found: ExitReason, { reason, cause }: LeavingNotice): ExitReason {
  const message = `${found.message}; it had said before that it leaves: ${reason}`;
  const why = cause === undefined || found.cause === cause ? {} : { cause, advice: TAKEN_AWAY_ADVICE };
  return { ...found, message, ...why, announced: true };
}

/** The end of a worker about which its platform could not be asked, with what is known of where it was. */
export function unexplainedExit(reason: ExitReason, { place }: LaunchedWorker<unknown>): ExitReason {
  return place === undefined ? reason : { ...reason, message: `${reason.message} (it was on ${place})` };
}
