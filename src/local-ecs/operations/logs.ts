import { partitionOf } from "../arn.js";
import { ServiceError } from "../errors.js";
import type { LogEvent, LogStore, LogStream } from "../log-store.js";
import { RequestReader } from "../validation.js";
import type { Operation } from "./operation.js";

/** CloudWatch Logs API Reference, GetLogEvents: an answer holds at most 10,000 events and 1 MB. */
const MAX_EVENTS = 10_000;
const MAX_BYTES = 1_048_576;

/**
 * The newest events of a stream, or with `startFromHead` its oldest, or what follows or precedes a token. At the end of the
 * stream the token of the request comes back.
 */
export const getLogEvents: Operation = ({ logs }, request) => {
  const reader = new RequestReader(request);
  const stream = readStream(reader, logs);
  const limit = reader.integer("limit", { min: 1, max: MAX_EVENTS }) ?? MAX_EVENTS;
  const startTime = reader.integer("startTime") ?? -Infinity;
  const endTime = reader.integer("endTime") ?? Infinity;
  const events = stream.events.filter(({ timestamp }) => timestamp >= startTime && timestamp < endTime);
  const token = readToken(reader.string("nextToken"));
  const isForward =
    token === undefined ? reader.boolean("startFromHead") === true : token.direction === "forward";
  const rest =
    token === undefined
      ? events
      : events.filter(({ index }) => (isForward ? index >= token.at : index < token.at));
  const page = isForward ? takeFirst(rest, limit) : takeLast(rest, limit);
  const here = token?.at ?? (isForward ? 0 : (stream.events.at(-1)?.index ?? -1) + 1);
  const first = page[0]?.index ?? here;
  const next = (page.at(-1)?.index ?? here - 1) + 1;
  return {
    response: {
      events: page.map(({ timestamp, message }) => ({ timestamp, message, ingestionTime: timestamp })),
      nextForwardToken: `f/${pad(next)}`,
      nextBackwardToken: `b/${pad(first)}`,
    },
  };
};

/** In the order of names; `logStreamNamePrefix` narrows. Everything comes on one page. */
export const describeLogStreams: Operation = ({ state, logs }, request) => {
  const reader = new RequestReader(request);
  const group = readGroup(reader, logs);
  const prefix = reader.string("logStreamNamePrefix") ?? "";
  const limit = reader.integer("limit", { min: 1, max: 50 }) ?? 50;
  const { region, accountId } = state.identity;
  const logStreams = logs
    .streams(group)
    .filter(({ name }) => name.startsWith(prefix))
    .slice(0, limit)
    .map((stream) => ({
      logStreamName: stream.name,
      arn: `arn:${partitionOf(region)}:logs:${region}:${accountId}:log-group:${group}:log-stream:${stream.name}`,
      creationTime: stream.createdAt,
      firstEventTimestamp: stream.events[0]?.timestamp,
      lastEventTimestamp: stream.events.at(-1)?.timestamp,
      lastIngestionTime: stream.events.at(-1)?.timestamp,
      storedBytes: 0,
    }));
  return { response: { logStreams } };
};

function readGroup(reader: RequestReader, logs: LogStore): string {
  const identifier = reader.string("logGroupIdentifier");
  const group =
    identifier === undefined
      ? reader.requiredString("logGroupName")
      : identifier.replace(/^arn:.*:log-group:/, "");
  if (logs.hasGroup(group)) return group;
  throw new ServiceError("ResourceNotFoundException", "The specified log group does not exist.");
}

function readStream(reader: RequestReader, logs: LogStore): LogStream {
  const group = readGroup(reader, logs);
  const stream = logs.stream(group, reader.requiredString("logStreamName"));
  if (stream === undefined)
    throw new ServiceError("ResourceNotFoundException", "The specified log stream does not exist.");
  return stream;
}

interface Token {
  readonly direction: "forward" | "backward";
  /** Forward: the first index wanted. Backward: the first index no longer wanted. */
  readonly at: number;
}

function readToken(text: string | undefined): Token | undefined {
  if (text === undefined) return undefined;
  const [, direction, digits] = /^([fb])\/(\d+)$/.exec(text) ?? [];
  if (digits === undefined)
    throw new ServiceError("InvalidParameterException", "The specified nextToken is invalid.");
  return { direction: direction === "f" ? "forward" : "backward", at: Number(digits) };
}

/** The service's own tokens have 56 digits; programs must not look inside, and sometimes do. */
function pad(index: number): string {
  return `${index}`.padStart(56, "0");
}

function takeFirst(events: readonly LogEvent[], limit: number): readonly LogEvent[] {
  let bytes = 0;
  let count = 0;
  for (const { message } of events) {
    bytes += Buffer.byteLength(message) + 26;
    if (count === limit || (bytes > MAX_BYTES && count > 0)) break;
    count += 1;
  }
  return events.slice(0, count);
}

function takeLast(events: readonly LogEvent[], limit: number): readonly LogEvent[] {
  return takeFirst(events.toReversed(), limit).toReversed();
}
