import { types } from "node:util";
import { binaryRefusal } from "./binary-refusal.js";
import type { ObjectKinds } from "./object-kinds.js";
import { wayOutOf } from "./stays-here.js";

/** Thrown on the fast path, which knows neither place nor reason; `explainRefusal` finds both. */
export class NotEncodableError extends Error {}

/** Where in a value something cannot travel, and why, as the rest of a sentence: "is a function; ...". */
export interface Refusal {
  readonly path: string;
  readonly reason: string;
  /** What was thrown while the value was read. */
  readonly cause?: unknown;
}

/**
 * Walks a value that failed to encode, in the order of the encoder, to the first thing that cannot travel. Undefined
 * if there is none: the value is different each time it is read.
 */
export function explainRefusal(
  value: unknown,
  name: string,
  kinds: ObjectKinds,
  maxDepth: number,
): Refusal | undefined {
  return new RefusalSearch(kinds, maxDepth).value(value, name, 0);
}

class RefusalSearch {
  readonly #visited = new Set<object>();
  readonly #open = new Set<object>();

  constructor(
    private readonly kinds: ObjectKinds,
    private readonly maxDepth: number,
  ) {}

  value(value: unknown, path: string, depth: number): Refusal | undefined {
    if (typeof value === "symbol")
      return { path, reason: "is a symbol; send its description or another string" };
    if (typeof value !== "function" && (typeof value !== "object" || value === null)) return undefined;
    if (depth >= this.maxDepth) {
      const reason = `is nested more than ${this.maxDepth} levels deep; send it as a flat list of its parts`;
      return { path, reason };
    }
    if (this.#open.has(value)) {
      return { path, reason: "holds itself through a value that travels by reference; break that cycle" };
    }
    if (this.#visited.has(value)) return undefined;
    this.#visited.add(value);
    try {
      return typeof value === "function"
        ? this.#function(value, path, depth)
        : this.#object(value, path, depth);
    } catch (cause) {
      return { path, reason: `threw while it was read: ${messageOf(cause)}`, cause };
    }
  }

  #function(value: object, path: string, depth: number): Refusal | undefined {
    if (this.kinds.extensionFor(value) !== undefined) return this.#extension(value, path, depth);
    return {
      path,
      reason: "is a function; let the function that is called use it by name, or send plain data",
    };
  }

  #object(value: object, path: string, depth: number): Refusal | undefined {
    if (Array.isArray(value)) return this.#keys(value, path, depth);
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype === null || prototype === Object.prototype) return this.#keys(value, path, depth);
    const kind = this.kinds.of(value, prototype);
    if (typeof kind === "object") return this.#extension(value, path, depth);
    switch (kind) {
      case "data":
        return this.#keys(value, path, depth);
      case "map":
        return this.#map(value as Map<unknown, unknown>, path, depth);
      case "set":
        return this.#set(value as Set<unknown>, path, depth);
      case "view":
      case "memory": {
        const reason = binaryRefusal(value as ArrayBuffer | ArrayBufferView);
        return reason === undefined ? undefined : { path, reason };
      }
      case "refused":
        return { path, reason: refusalOf(value) };
      // The parts of an error that cannot travel are left out, and the others hold nothing but text and numbers.
      case "error":
      case "date":
      case "regexp":
      case "boxed":
      case "url":
      case "url-search-params":
        return undefined;
    }
  }

  #keys(value: object, path: string, depth: number): Refusal | undefined {
    for (const key of Object.keys(value)) {
      const inner = memberPath(path, key, Array.isArray(value));
      let member: unknown;
      try {
        member = (value as Record<string, unknown>)[key];
      } catch (cause) {
        return { path: inner, reason: `threw while it was read: ${messageOf(cause)}`, cause };
      }
      const found = this.value(member, inner, depth + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #map(map: ReadonlyMap<unknown, unknown>, path: string, depth: number): Refusal | undefined {
    let index = 0;
    for (const [key, item] of Map.prototype.entries.call(map) as MapIterator<[unknown, unknown]>) {
      const shown =
        typeof key === "string" ? JSON.stringify(key) : typeof key === "number" ? String(key) : undefined;
      const found =
        this.value(key, `${path}.keys()[${index}]`, depth + 1) ??
        this.value(
          item,
          shown === undefined ? `${path}.values()[${index}]` : `${path}.get(${shown})`,
          depth + 1,
        );
      if (found !== undefined) return found;
      index++;
    }
    return undefined;
  }

  #set(set: ReadonlySet<unknown>, path: string, depth: number): Refusal | undefined {
    let index = 0;
    for (const item of Set.prototype.values.call(set) as SetIterator<unknown>) {
      const found = this.value(item, `${path}.values()[${index}]`, depth + 1);
      if (found !== undefined) return found;
      index++;
    }
    return undefined;
  }

  #extension(value: object, path: string, depth: number): Refusal | undefined {
    this.#open.add(value);
    try {
      return this.value(this.kinds.extensionFor(value)?.encode(value), path, depth + 1);
    } catch (cause) {
      return { path, reason: messageOf(cause), cause };
    } finally {
      this.#open.delete(value);
    }
  }
}

/** `a.b`, `a[0]`, `a["b c"]`. */
function memberPath(path: string, key: string, isArray: boolean): string {
  if (isArray && /^\d+$/.test(key)) return `${path}[${key}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function refusalOf(value: object): string {
  const wayOut = wayOutOf(value);
  if (wayOut !== undefined) return `is ${named(value)}, which lives in this process alone; ${wayOut}`;
  if (types.isPromise(value)) return "is a Promise; await it and send its value";
  if (types.isWeakMap(value)) return "is a WeakMap, whose content cannot be listed; send a Map";
  if (types.isWeakSet(value)) return "is a WeakSet, whose content cannot be listed; send a Set";
  if (types.isSharedArrayBuffer(value)) {
    return "is a SharedArrayBuffer, and processes share no memory; send a copy, e.g. new Uint8Array(value).slice()";
  }
  if (types.isGeneratorObject(value) || (Symbol.iterator in value && "next" in value)) {
    return `is ${named(value)}; send the items, e.g. Array.from(value)`;
  }
  if (types.isKeyObject(value)) return `is ${named(value)}; export the key and send the bytes`;
  return `is ${named(value)}, which holds more than data and lives in this process alone; send the data it holds`;
}

/** "a Socket", by the most telling name there is. */
function named(value: object): string {
  const tag = Object.prototype.toString.call(value).slice("[object ".length, -1);
  const constructor: unknown = "constructor" in value ? value.constructor : undefined;
  const name = tag === "Object" && typeof constructor === "function" ? constructor.name : tag;
  return `${/^[AEIOU]/.test(name) ? "an" : "a"} ${name === "" ? "object of an unnamed class" : name}`;
}
