import { types } from "node:util";
import { BinaryWriter } from "./binary-writer.js";
import { ByteSink } from "./byte-sink.js";
import { writeError } from "./error-writer.js";
import { KeyLists } from "./key-lists.js";
import type { ObjectKinds } from "./object-kinds.js";
import { SeenObjects } from "./seen-objects.js";
import { NotEncodableError } from "./unencodable.js";
import type { ValueExtension } from "./value-extension.js";
import {
  FLAG_KEY_LISTS,
  FLAG_SEEN,
  SHORT_ARRAY_MAX,
  TAG_ARRAY,
  TAG_BOXED,
  TAG_DATE,
  TAG_END,
  TAG_EXTENSION,
  TAG_FALSE,
  TAG_HOLE,
  TAG_HOLES,
  TAG_MAP,
  TAG_NULL,
  TAG_OPEN_RECORD,
  TAG_RECORD,
  TAG_REGEXP,
  TAG_SEEN,
  TAG_SET,
  TAG_SHORT_ARRAY,
  TAG_SPARSE_ARRAY,
  TAG_TRUE,
  TAG_UNDEFINED,
  TAG_URL,
  TAG_URL_SEARCH_PARAMS,
} from "./value-tags.js";

/** Holes in a row that make an array sparse: from there on its own indices are listed instead of tried. */
const HOLES_IN_A_ROW = 32;

const NOTHING_CARRIED: readonly object[] = [];

/** Turns one value after another into bytes. Knows no paths: who gets an error asks `explainRefusal` for the place. */
export class ValueWriter {
  readonly sink: ByteSink;
  readonly kinds: ObjectKinds;
  readonly binary: BinaryWriter;
  readonly #maxDepth: number;
  readonly #seen = new SeenObjects();
  readonly #keyLists = new KeyLists();
  /** Values of extensions whose data is being written; the data cannot refer back to them. */
  readonly #open: object[] = [];
  /** Values of extensions that the message holds. */
  #carried: object[] | undefined;

  constructor(options: {
    kinds: ObjectKinds;
    maxDepth: number;
    segmentThreshold: number;
    maxBodyBytes: number;
  }) {
    this.kinds = options.kinds;
    this.#maxDepth = options.maxDepth;
    this.sink = new ByteSink(options.maxBodyBytes);
    this.binary = new BinaryWriter(this.sink, this.#seen, options.segmentThreshold);
  }

  /** Values of extensions that the message holds. */
  get carried(): readonly object[] {
    return this.#carried ?? NOTHING_CARRIED;
  }

  /** Writes a whole body; it then stands at the start of the sink's memory. */
  message(value: unknown): void {
    this.#run(value);
    const shared = this.binary.viewed.overlaps();
    if (shared !== undefined) {
      this.clear();
      this.binary.shared = shared;
      this.#run(value);
    }
    const { sink } = this;
    let flags = this.#seen.foundAgain ? FLAG_SEEN : 0;
    const lists = this.#keyLists.used;
    if (lists > 0) {
      flags |= FLAG_KEY_LISTS;
      const start = sink.position;
      sink.reserve(2);
      sink.uint16At(start, lists);
      sink.position += 2;
      this.#keyLists.write(sink);
      sink.reserve(4);
      sink.uint32At(sink.position, start);
      sink.position += 4;
    }
    sink.bytes[0] = flags;
  }

  #run(value: unknown): void {
    this.sink.rewindAll();
    this.sink.position = 1;
    this.#keyLists.startMessage();
    this.value(value, 0);
  }

  /** Lets go of everything that belonged to the message. */
  clear(): void {
    this.#seen.clear();
    this.binary.clear();
    this.binary.shared = undefined;
    this.#open.length = 0;
    this.#carried = undefined;
  }

  attempt(write: () => void): boolean {
    const position = this.sink.position;
    const seen = this.#seen.count;
    const viewed = this.binary.viewed.count;
    const segments = this.binary.segments.length;
    const open = this.#open.length;
    const carried = this.#carried?.length ?? 0;
    try {
      write();
      return true;
    } catch {
      this.sink.position = position;
      this.#seen.rewind(seen);
      this.binary.rewind(viewed, segments);
      this.#open.length = open;
      if (this.#carried !== undefined) this.#carried.length = carried;
      return false;
    }
  }

  value(value: unknown, depth: number): void {
    switch (typeof value) {
      case "string":
        this.sink.string(value);
        return;
      case "number":
        this.sink.number(value);
        return;
      case "object":
        if (value === null) this.sink.byte(TAG_NULL);
        else this.#object(value, depth);
        return;
      case "boolean":
        this.sink.byte(value ? TAG_TRUE : TAG_FALSE);
        return;
      case "undefined":
        this.sink.byte(TAG_UNDEFINED);
        return;
      case "bigint":
        this.sink.bigint(value);
        return;
      case "function":
        this.#function(value, depth);
        return;
      case "symbol":
        throw new NotEncodableError();
    }
  }

  #object(value: object, depth: number): void {
    if (this.#isKnown(value, depth)) return;
    if (Array.isArray(value)) {
      this.#array(value, depth);
      return;
    }
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype === Object.prototype || prototype === null) this.#record(value, depth);
    else this.#special(value, prototype, depth);
  }

  /** Enters an object among those of the message, or refers to it if it is one of them. */
  #isKnown(value: object, depth: number): boolean {
    if (depth >= this.#maxDepth) throw new NotEncodableError();
    const position = this.#seen.enter(value);
    if (position === -1) return false;
    if (this.#open.includes(value)) throw new NotEncodableError();
    this.sink.byte(TAG_SEEN);
    this.sink.count(position);
    return true;
  }

  /**
   * One walk over the keys finds the key list and writes the values; its number is filled in when it is known. Keys
   * that no list has room for follow with their values.
   */
  #record(value: object, depth: number): void {
    const { sink } = this;
    const keyLists = this.#keyLists;
    const start = sink.position;
    sink.reserve(2);
    sink.position += 2;
    let node = keyLists.root;
    let isOpen = false;
    for (const key in value) {
      if (!Object.prototype.hasOwnProperty.call(value, key)) continue;
      if (!isOpen) {
        const next = node.lastKey === key ? node.lastChild : keyLists.extend(node, key);
        if (next === undefined) isOpen = true;
        else node = next;
      }
      if (isOpen) sink.string(key);
      this.value((value as Record<string, unknown>)[key], depth + 1);
    }
    if (isOpen) sink.byte(TAG_END);
    const index = keyLists.indexOf(node);
    sink.bytes[start] = (isOpen ? TAG_OPEN_RECORD : TAG_RECORD) | (index >> 8);
    sink.bytes[start + 1] = index;
  }

  #array(array: readonly unknown[], depth: number): void {
    const { sink } = this;
    const { length } = array;
    const start = sink.position;
    sink.reserve(5);
    if (length <= SHORT_ARRAY_MAX) {
      sink.bytes[start] = TAG_SHORT_ARRAY | length;
      sink.position += 1;
    } else {
      sink.bytes[start] = TAG_ARRAY;
      sink.uint32At(start + 1, length);
      sink.position += 5;
    }
    let holes = 0;
    for (let index = 0; index < length; index++) {
      const item = array[index];
      if (item === undefined && !(index in array)) {
        sink.byte(TAG_HOLE);
        if (++holes < HOLES_IN_A_ROW) continue;
        sink.bytes[start] = TAG_SPARSE_ARRAY;
        this.#sparseRest(array, index + 1, length, depth);
        return;
      }
      holes = 0;
      this.value(item, depth + 1);
    }
  }

  #sparseRest(array: readonly unknown[], from: number, length: number, depth: number): void {
    let next = from;
    for (const key of Object.keys(array)) {
      const index = Number(key);
      if (!(index >= next && index < length) || String(index) !== key || !Number.isInteger(index)) continue;
      if (index > next) this.#holes(index - next);
      this.value(array[index], depth + 1);
      next = index + 1;
    }
    if (next < length) this.#holes(length - next);
  }

  #holes(count: number): void {
    this.sink.byte(TAG_HOLES);
    this.sink.count(count);
  }

  #special(value: object, prototype: object, depth: number): void {
    const kind = this.kinds.of(value, prototype);
    const { sink } = this;
    switch (kind) {
      case "data":
        this.#record(value, depth);
        return;
      case "map":
        this.#map(value as Map<unknown, unknown>, depth);
        return;
      case "set":
        this.#set(value as Set<unknown>, depth);
        return;
      case "view":
        this.binary.view(value as ArrayBufferView);
        return;
      case "memory":
        this.binary.memory(value as ArrayBuffer);
        return;
      case "date":
        sink.byte(TAG_DATE);
        sink.double(Date.prototype.getTime.call(value));
        return;
      case "error":
        writeError(this, value as Error, depth);
        return;
      case "regexp":
        sink.byte(TAG_REGEXP);
        sink.string((value as RegExp).source);
        sink.string((value as RegExp).flags);
        return;
      case "boxed":
        sink.byte(TAG_BOXED);
        this.value(unboxed(value), depth + 1);
        return;
      case "url":
        sink.byte(TAG_URL);
        sink.string((value as URL).href);
        return;
      case "url-search-params":
        sink.byte(TAG_URL_SEARCH_PARAMS);
        sink.string((value as URLSearchParams).toString());
        return;
      case "refused":
        throw new NotEncodableError();
      default:
        this.#extension(kind, value, depth);
    }
  }

  #function(value: object, depth: number): void {
    const extension = this.kinds.extensionFor(value);
    if (extension === undefined) throw new NotEncodableError();
    if (!this.#isKnown(value, depth)) this.#extension(extension, value, depth);
  }

  #extension(extension: ValueExtension, value: object, depth: number): void {
    this.sink.byte(TAG_EXTENSION);
    this.sink.byte(extension.tag);
    this.#open.push(value);
    this.value(extension.encode(value), depth + 1);
    this.#open.pop();
    (this.#carried ??= []).push(value);
  }

  // The methods of the prototype, since a subclass may list other things than it holds. A getter among the values may
  // change the collection while it is written: what was written is what counts.
  #map(map: ReadonlyMap<unknown, unknown>, depth: number): void {
    const start = this.#startCounted(TAG_MAP);
    let count = 0;
    for (const entry of Map.prototype.entries.call(map)) {
      this.value(entry[0], depth + 1);
      this.value(entry[1], depth + 1);
      count++;
    }
    this.sink.uint32At(start + 1, count);
  }

  #set(set: ReadonlySet<unknown>, depth: number): void {
    const start = this.#startCounted(TAG_SET);
    let count = 0;
    for (const item of Set.prototype.values.call(set)) {
      this.value(item, depth + 1);
      count++;
    }
    this.sink.uint32At(start + 1, count);
  }

  #startCounted(tag: number): number {
    const start = this.sink.position;
    this.sink.reserve(5);
    this.sink.bytes[start] = tag;
    this.sink.position += 5;
    return start;
  }
}

/** The primitive inside, whatever `valueOf` of a subclass says. */
function unboxed(value: object): unknown {
  if (types.isNumberObject(value)) return Number.prototype.valueOf.call(value);
  if (types.isStringObject(value)) return String.prototype.valueOf.call(value);
  if (types.isBooleanObject(value)) return Boolean.prototype.valueOf.call(value);
  return BigInt.prototype.valueOf.call(value);
}
