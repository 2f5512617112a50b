import type { ByteSource } from "./byte-source.js";
import { sharedPrototype } from "./error-classes.js";
import { ERROR_KINDS, KIND_DOM_EXCEPTION, makeError } from "./error-kinds.js";
import {
  ERROR_FLAGS,
  ERROR_HAS_CAUSE,
  ERROR_HAS_CLASS,
  ERROR_HAS_ERRORS,
  ERROR_HAS_MESSAGE,
  ERROR_HAS_NAME,
  ERROR_HAS_STACK,
  TAG_END,
} from "./value-tags.js";

/** What an error needs of the reader of the whole message. */
export interface ErrorPartsReader {
  readonly source: ByteSource;
  value(depth: number): unknown;
  /** Makes an object known before its parts are read, so that they can refer to it. */
  remember(value: object): void;
}

/** The counterpart of `writeError`. */
export function readError(reader: ErrorPartsReader, depth: number): Error {
  const { source } = reader;
  const kind = source.byte();
  const flags = source.byte();
  if (kind >= ERROR_KINDS.length) throw source.malformed(`unknown kind ${kind} of error`);
  if (flags > ERROR_FLAGS) throw source.malformed(`unknown flags ${flags} of an error`);
  const name = flags & ERROR_HAS_NAME ? source.string() : undefined;
  const message = flags & ERROR_HAS_MESSAGE ? source.string() : undefined;
  const stack = flags & ERROR_HAS_STACK ? source.string() : undefined;
  const shared = flags & ERROR_HAS_CLASS ? sharedPrototype(source.string()) : undefined;
  const error = makeError(kind, message, name);
  if (shared !== undefined) Object.setPrototypeOf(error, shared);
  if (name !== undefined && kind !== KIND_DOM_EXCEPTION) define(error, "name", name, false);
  define(error, "stack", stack, false);
  reader.remember(error);
  if (flags & ERROR_HAS_CAUSE) define(error, "cause", reader.value(depth + 1), false);
  if (flags & ERROR_HAS_ERRORS) define(error, "errors", reader.value(depth + 1), false);
  while (source.bytes[source.position] !== TAG_END) {
    const key = source.string();
    define(error, key, reader.value(depth + 1), true);
  }
  source.take(1);
  return error;
}

function define(target: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(target, key, { value, enumerable, configurable: true, writable: true });
}
