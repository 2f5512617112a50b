import { types } from "node:util";
import { staysHere } from "./stays-here.js";
import type { ValueExtension } from "./value-extension.js";

/** What an object is to the codec. `data` is anything that travels as its own enumerable string keys. */
export type ObjectKind =
  | "data"
  | "map"
  | "set"
  | "date"
  | "regexp"
  | "boxed"
  | "memory"
  | "view"
  | "error"
  | "url"
  | "url-search-params"
  | "refused"
  | ValueExtension;

/** Built-in objects that `Symbol.toStringTag` names and that are more than data: copying their keys would lose them. */
const REFUSED_TAGS = new Set([
  "AbortController",
  "AsyncGenerator",
  "Blob",
  "BroadcastChannel",
  "CompressionStream",
  "CryptoKey",
  "DecompressionStream",
  "File",
  "FinalizationRegistry",
  "FormData",
  "Generator",
  "Headers",
  "Iterator Helper",
  "MessageChannel",
  "ReadableStream",
  "Request",
  "Response",
  "SharedArrayBuffer",
  "TransformStream",
  "WeakRef",
  "WritableStream",
]);
const REFUSED_TAG_PATTERN = /^(?:Intl|WebAssembly|Temporal)\.| Iterator$/;

/**
 * Prototypes below which an object may or may not have the internal slots that make it what it seems to be: a
 * verdict about one such object says nothing about the next, so it is not remembered.
 */
const SLOTTED: ReadonlySet<unknown> = new Set<unknown>(
  [
    Array,
    ArrayBuffer,
    BigInt,
    Boolean,
    DataView,
    Date,
    DOMException,
    Error,
    Map,
    Number,
    Promise,
    RegExp,
    Set,
    SharedArrayBuffer,
    String,
    Symbol,
    Object.getPrototypeOf(Uint8Array) as { prototype: unknown },
    URL,
    URLSearchParams,
    WeakMap,
    WeakSet,
  ].map((constructor) => constructor.prototype),
);

/** Tells what an object is. Remembers the answer for each class of plain data and of extension. */
export class ObjectKinds {
  readonly #extensions: readonly ValueExtension[];
  readonly #known = new WeakMap<object, ObjectKind>();

  constructor(extensions: readonly ValueExtension[]) {
    this.#extensions = extensions;
  }

  /** `prototype` is the object's own, and neither null nor `Object.prototype`. The object is not an array. */
  of(value: object, prototype: object): ObjectKind {
    return this.#known.get(prototype) ?? this.#examine(value, prototype);
  }

  extensionFor(value: object): ValueExtension | undefined {
    return this.#extensions.find((extension) => extension.matches(value));
  }

  #examine(value: object, prototype: object): ObjectKind {
    const extension = this.extensionFor(value);
    if (extension !== undefined) {
      this.#known.set(prototype, extension);
      return extension;
    }
    const kind = builtInKind(value) ?? (isRefused(value) ? "refused" : "data");
    if (kind === "data" && isOrdinary(prototype)) this.#known.set(prototype, kind);
    return kind;
  }
}

/** Checks internal slots, so subclasses and objects of other realms are known and impostors are not. */
function builtInKind(value: object): ObjectKind | undefined {
  if (ArrayBuffer.isView(value)) return "view";
  if (types.isDate(value)) return "date";
  if (types.isMap(value)) return "map";
  if (types.isSet(value)) return "set";
  if (types.isArrayBuffer(value)) return "memory";
  if (types.isNativeError(value) || value instanceof DOMException) return "error";
  if (types.isRegExp(value)) return "regexp";
  if (types.isBoxedPrimitive(value)) return types.isSymbolObject(value) ? "refused" : "boxed";
  if (value instanceof URL) return "url";
  if (value instanceof URLSearchParams) return "url-search-params";
  return undefined;
}

function isRefused(value: object): boolean {
  if (types.isPromise(value) || types.isWeakMap(value) || types.isWeakSet(value)) return true;
  if (types.isSharedArrayBuffer(value) || types.isExternal(value) || types.isKeyObject(value)) return true;
  if (value instanceof EventTarget || staysHere in value) return true;
  // Streams and sockets of Node.
  if ("pipe" in value && "on" in value) return true;
  const tag: unknown = Symbol.toStringTag in value ? value[Symbol.toStringTag] : undefined;
  return typeof tag === "string" && (REFUSED_TAGS.has(tag) || REFUSED_TAG_PATTERN.test(tag));
}

function isOrdinary(prototype: object): boolean {
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    if (at === Object.prototype) return true;
    if (SLOTTED.has(at)) return false;
  }
  return false;
}
