import { SerializationError } from "../errors.js";
import { Encoder } from "../protocol/codec.js";
import type { StatusMessage } from "../protocol/control-messages.js";
import { text } from "../util/option-checks.js";
import { currentProcess } from "./current-process.js";

/** A status says what a worker does; results travel as results. */
const MAX_STATUS_BYTES = 64 * 1024;
const DEFAULT_KEY = "default";

/** Everything in the body: a status is one piece of bytes. */
const encoder = new Encoder({ segmentThreshold: Number.MAX_SAFE_INTEGER });

/**
 * Tells the manager what this worker is doing: any value that can travel, up to 64 KiB. The manager keeps the last one of
 * each key; it finds them in `workerInfo(pid).status`, hears of each through the event `status`, and learns from the event
 * `exited` what a worker was doing when it died. Sent by a thread of its own, also while the program goes on computing.
 * On the manager it does nothing.
 *
 * Throws a `SerializationError` if the value cannot travel or is too large, a `TypeError` or `RangeError` for a bad key.
 *
 * @param key Whose status it is, where several libraries have something to say.
 */
export function setStatus(value: unknown, key: string = DEFAULT_KEY): void {
  text("key", key, `"my-library"`);
  const status = encodeStatus(value, key);
  currentProcess()?.sendStatus(status);
}

function encodeStatus(value: unknown, key: string): StatusMessage {
  const { body } = encoder.encode(value, "status");
  if (body.length <= MAX_STATUS_BYTES) return { key, value: body.slice() };
  throw new SerializationError(
    "ERR_MESSAGE_TOO_LARGE",
    `the status takes ${body.length} bytes; the limit is ${MAX_STATUS_BYTES}. Say less, or return it as a result`,
  );
}
