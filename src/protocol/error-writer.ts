import type { ByteSink } from "./byte-sink.js";
import { sharedNameOf } from "./error-classes.js";
import { ERROR_KINDS, ERROR_PARTS, errorKindOf, KIND_DOM_EXCEPTION } from "./error-kinds.js";
import {
  ERROR_HAS_CAUSE,
  ERROR_HAS_CLASS,
  ERROR_HAS_ERRORS,
  ERROR_HAS_MESSAGE,
  ERROR_HAS_NAME,
  ERROR_HAS_STACK,
  TAG_END,
  TAG_ERROR,
} from "./value-tags.js";

/** What an error needs of the writer of the whole message. */
export interface ErrorPartsWriter {
  readonly sink: ByteSink;
  value(value: unknown, depth: number): void;
  /** Runs `write`; if it throws, all it wrote is taken back and the answer is false. */
  attempt(write: () => void): boolean;
}

/**
 * Writes an error. Its cause and its own properties travel as far as they can: a report of one failure must not be
 * lost to another, such as a socket among the properties of a failed request.
 */
export function writeError(writer: ErrorPartsWriter, error: Error, depth: number): void {
  const { sink } = writer;
  const kind = errorKindOf(error);
  const isDomException = kind === KIND_DOM_EXCEPTION;
  const { name, message, stack } = error as { name: unknown; message: unknown; stack?: unknown };
  sink.byte(TAG_ERROR);
  sink.byte(kind);
  const flagsAt = sink.position;
  sink.byte(0);
  let flags = 0;
  if (typeof name === "string" && (isDomException || name !== ERROR_KINDS[kind])) {
    flags |= ERROR_HAS_NAME;
    sink.string(name);
  }
  if (typeof message === "string" && (isDomException || message !== "" || Object.hasOwn(error, "message"))) {
    flags |= ERROR_HAS_MESSAGE;
    sink.string(message);
  }
  if (typeof stack === "string") {
    flags |= ERROR_HAS_STACK;
    sink.string(stack);
  }
  const sharedName = sharedNameOf(error);
  if (sharedName !== undefined) {
    flags |= ERROR_HAS_CLASS;
    sink.string(sharedName);
  }
  for (const [part, flag] of [
    ["cause", ERROR_HAS_CAUSE],
    ["errors", ERROR_HAS_ERRORS],
  ] as const) {
    const descriptor = Object.getOwnPropertyDescriptor(error, part);
    if (descriptor === undefined || !("value" in descriptor)) continue;
    if (writer.attempt(() => writer.value(descriptor.value, depth + 1))) flags |= flag;
  }
  for (const key of Object.keys(error)) {
    if (ERROR_PARTS.has(key)) continue;
    const descriptor = Object.getOwnPropertyDescriptor(error, key);
    if (descriptor === undefined || !("value" in descriptor)) continue;
    writer.attempt(() => {
      sink.string(key);
      writer.value(descriptor.value, depth + 1);
    });
  }
  sink.byte(TAG_END);
  sink.bytes[flagsAt] = flags;
}
