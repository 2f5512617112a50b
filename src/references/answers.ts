import {
  ChannelClosedError,
  FutureAlreadySetError,
  ProcessExitedError,
  ReferenceReleasedError,
  UnknownReferenceError,
  type ExitReason,
} from "../errors.js";
import type { ChannelEnd } from "./channel-buffer.js";
import { describeReference, type ReferenceId } from "./reference-id.js";

/**
 * What the owner of a reference answers to a request. Answers, not failures, also where the request could not be met: a
 * failure is what the program's own code threw. Numbers are only ever appended.
 */
export const Answer = {
  /** It was done; what comes of it follows. */
  done: 0,
  released: 1,
  unknown: 2,
  /** The channel is closed; its error follows, if it has one. */
  closed: 3,
  /** The channel is closed because a producer is gone; its pid and how it ended follow. */
  producerExited: 4,
  alreadySet: 5,
  /** The one who asked has withdrawn the request. */
  withdrawn: 6,
} as const;

export type Answer = readonly [status: number, ...details: unknown[]];

/** How a channel's end is told. */
export function closedAnswer({ error }: ChannelEnd): Answer {
  if (error === undefined) return [Answer.closed];
  if (error instanceof ProcessExitedError) return [Answer.producerExited, error.pid, error.reason];
  return [Answer.closed, error];
}

/** Throws what an answer that is not `done` means. */
export function throwUnlessDone([status, ...details]: Answer, id: ReferenceId): void {
  const subject = describeReference(id);
  switch (status) {
    case Answer.done:
      return;
    case Answer.released:
      throw new ReferenceReleasedError(`${subject} was released; its value is gone`);
    case Answer.closed:
      throw new ChannelClosedError(
        details.length === 0 ? "the channel is closed" : `the channel was closed: ${messageOf(details[0])}`,
        details.length === 0 ? undefined : { cause: details[0] },
      );
    case Answer.producerExited: {
      const cause = new ProcessExitedError(details[0] as number, details[1] as ExitReason);
      throw new ChannelClosedError(`the channel has lost a producer: ${cause.message}`, { cause });
    }
    case Answer.alreadySet:
      throw new FutureAlreadySetError(`${subject} has its value already; a future is set once`);
    default:
      throw new UnknownReferenceError(
        `${subject} is not known there: the call that makes it has not come, and is not waited for any longer`,
      );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
