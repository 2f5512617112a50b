import { BinaryReader } from "./binary-reader.js";
import { ByteSource } from "./byte-source.js";
import { readError } from "./error-reader.js";
import { EMPTY_KEY_LIST, type KeyList, type KnownKeyLists } from "./known-key-lists.js";
import type { RecordFiller } from "./record-fillers.js";
import type { ValueExtension } from "./value-extension.js";
import {
  FLAG_KEY_LISTS,
  FLAG_SEEN,
  TAG_ARRAY,
  TAG_BIGINT64,
  TAG_BIGINT_NEGATIVE,
  TAG_BIGINT_POSITIVE,
  TAG_BOXED,
  TAG_BYTES,
  TAG_DATE,
  TAG_DOUBLE,
  TAG_END,
  TAG_ERROR,
  TAG_EXTENSION,
  TAG_FALSE,
  TAG_HOLE,
  TAG_HOLES,
  TAG_INT16,
  TAG_INT32,
  TAG_INT8,
  TAG_MAP,
  TAG_NULL,
  TAG_ONE_BYTE_STRING,
  TAG_OPEN_RECORD,
  TAG_RECORD,
  TAG_REGEXP,
  TAG_SEEN,
  TAG_SEGMENT,
  TAG_SET,
  TAG_SHORT_ARRAY,
  TAG_SHORT_STRING,
  TAG_SPARSE_ARRAY,
  TAG_TRUE,
  TAG_UNDEFINED,
  TAG_URL,
  TAG_URL_SEARCH_PARAMS,
  TAG_UTF16_STRING,
  TAG_UTF8_STRING,
  TAG_WINDOW,
} from "./value-tags.js";

const LAST_ARRAY_INDEX = 2 ** 32 - 2;
/** Longer arrays grow as they are read: the engine would begin them as dictionaries. */
const ROOM_AHEAD_MAX = 1 << 24;
/** Stands for an object that is not made before all its parts are there: nothing in it can refer to it. */
const PENDING = Symbol("pending");

type Members = Record<string, unknown>;

/** What a reader keeps from one message to the next. */
export interface ReaderSettings {
  readonly keyLists: KnownKeyLists;
  readonly extensions: ReadonlyMap<number, ValueExtension>;
  readonly maxDepth: number;
}

/** Reads the value of one body. */
export class ValueReader {
  readonly source: ByteSource;
  readonly #binary: BinaryReader;
  readonly #settings: ReaderSettings;
  /**
   * Elements for which room may still be made before they are there. All arrays of a message together have no more
   * elements than it has bytes, but nested ones can announce the same bytes again and again.
   */
  #room: number;
  readonly #lists: KeyList[] = [EMPTY_KEY_LIST];
  /** The objects in the order in which they began, if any is referred to again. */
  #seen: unknown[] | undefined;

  constructor(settings: ReaderSettings, body: Uint8Array, segments: readonly Uint8Array[]) {
    this.#settings = settings;
    this.source = new ByteSource(body);
    this.#room = body.length;
    this.#binary = new BinaryReader(this.source, segments);
  }

  message(): unknown {
    const { source } = this;
    const flags = source.byte();
    if ((flags & ~(FLAG_KEY_LISTS | FLAG_SEEN)) !== 0) throw source.malformed(`unknown flags ${flags}`);
    if (flags & FLAG_SEEN) this.#seen = [];
    if (flags & FLAG_KEY_LISTS) this.#readKeyLists();
    const value = this.value(0);
    if (source.position !== source.end) throw source.malformed("more follows after the value");
    const unused = this.#binary.unusedSegments;
    if (unused > 0) throw source.malformed(`${unused} segments belong to nothing`);
    return value;
  }

  /** The key lists stand behind the value; the last four bytes say where. */
  #readKeyLists(): void {
    const { source } = this;
    const tableEnd = source.end - 4;
    if (tableEnd < source.position) throw source.malformed("it ends before its key lists");
    source.position = tableEnd;
    const start = source.uint32();
    if (start < 1 || start > tableEnd) throw source.malformed("the key lists are nowhere");
    source.position = start;
    source.end = tableEnd;
    const count = source.uint16();
    for (let index = 0; index < count; index++) this.#lists.push(this.#settings.keyLists.read(source));
    if (source.position !== tableEnd) throw source.malformed("more follows after the key lists");
    source.position = 1;
    source.end = start;
  }

  value(depth: number): unknown {
    return this.#tagged(this.source.byte(), depth);
  }

  #tagged(tag: number, depth: number): unknown {
    const { source } = this;
    if (tag < TAG_SHORT_STRING) return tag;
    if (tag < TAG_SHORT_ARRAY) return source.shortString(tag - TAG_SHORT_STRING);
    if (tag < TAG_RECORD) return this.#array(tag - TAG_SHORT_ARRAY, depth);
    if (tag < TAG_OPEN_RECORD) return this.#record(tag - TAG_RECORD, depth);
    if (tag < TAG_UNDEFINED) return this.#openRecord(tag - TAG_OPEN_RECORD, depth);
    switch (tag) {
      case TAG_DOUBLE:
        return source.double();
      case TAG_INT8:
        return (source.byte() << 24) >> 24;
      case TAG_INT16:
        return (source.uint16() << 16) >> 16;
      case TAG_INT32:
        return source.int32();
      case TAG_TRUE:
        return true;
      case TAG_FALSE:
        return false;
      case TAG_NULL:
        return null;
      case TAG_UNDEFINED:
        return undefined;
      case TAG_ONE_BYTE_STRING:
        return source.longString("latin1");
      case TAG_UTF8_STRING:
        return source.longString("utf8");
      case TAG_UTF16_STRING:
        return source.longString("utf16le");
      case TAG_BIGINT64:
        return source.bigint64();
      case TAG_BIGINT_POSITIVE:
        return source.bigMagnitude();
      case TAG_BIGINT_NEGATIVE:
        return -source.bigMagnitude();
      case TAG_SEEN:
        return this.#seenBefore();
      default:
        return this.#object(tag, depth);
    }
  }

  #object(tag: number, depth: number): unknown {
    const { source } = this;
    switch (tag) {
      case TAG_ARRAY:
        return this.#array(source.uint32(), depth);
      case TAG_SPARSE_ARRAY:
        return this.#sparseArray(source.uint32(), depth);
      case TAG_MAP:
        return this.#map(depth);
      case TAG_SET:
        return this.#set(depth);
      case TAG_BYTES:
        return this.remember(this.#binary.bytes());
      case TAG_SEGMENT:
        return this.remember(this.#binary.segment());
      case TAG_WINDOW:
        return this.#window(depth);
      case TAG_DATE:
        return this.remember(new Date(source.double()));
      case TAG_REGEXP:
        return this.remember(new RegExp(source.string(), source.string()));
      case TAG_BOXED:
        return this.#boxed(depth);
      case TAG_ERROR:
        this.#enter(depth);
        return readError(this, depth);
      case TAG_URL:
        return this.remember(new URL(source.string()));
      case TAG_URL_SEARCH_PARAMS:
        return this.remember(new URLSearchParams(source.string()));
      case TAG_EXTENSION:
        return this.#extension(depth);
      default:
        throw source.malformed(`unknown tag 0x${tag.toString(16)}`);
    }
  }

  #enter(depth: number): void {
    if (depth < this.#settings.maxDepth) return;
    throw this.source.malformed(`it is nested more than ${this.#settings.maxDepth} levels deep`);
  }

  /** Makes an object known to what follows. */
  remember<T extends object>(value: T): T {
    if (this.#seen !== undefined) this.#seen.push(value);
    return value;
  }

  #seenBefore(): unknown {
    const position = this.source.count();
    const value =
      this.#seen === undefined ? PENDING : position < this.#seen.length ? this.#seen[position] : PENDING;
    if (value === PENDING)
      throw this.source.malformed(`it refers to object ${position}, which is not there yet,`);
    return value;
  }

  /** For an object that is made last, but was met first. */
  #made<T extends object>(make: () => T): T {
    const position = this.#seen?.push(PENDING) ?? 0;
    const value = make();
    if (this.#seen !== undefined) this.#seen[position - 1] = value;
    return value;
  }

  #record(high: number, depth: number): Members {
    this.#enter(depth);
    const list = this.#list(high);
    const record: Members = {};
    if (this.#seen !== undefined) this.#seen.push(record);
    const { keys, fillers } = list;
    if (fillers !== undefined) {
      let next = 0;
      for (let index = 0; index < fillers.length; index++) {
        next = (fillers[index] as RecordFiller)(record, keys, next, this, depth + 1);
      }
      return record;
    }
    this.#settings.keyLists.count(list);
    for (let index = 0; index < keys.length; index++) {
      setMember(record, keys[index] as string, this.value(depth + 1));
    }
    return record;
  }

  /** A record that has more keys than its list; they follow with their values. */
  #openRecord(high: number, depth: number): Members {
    const { source } = this;
    const record = this.#record(high, depth);
    while (source.bytes[source.position] !== TAG_END) {
      const key = source.string();
      setMember(record, key, this.value(depth + 1));
    }
    source.take(1);
    return record;
  }

  #list(high: number): KeyList {
    const index = (high << 8) | this.source.byte();
    const list = this.#lists[index];
    if (list === undefined) throw this.source.malformed(`key list ${index} is missing`);
    return list;
  }

  #array(length: number, depth: number): unknown[] {
    this.#enter(depth);
    const { source } = this;
    source.expect(length, 1);
    const ahead = length <= this.#room && length <= ROOM_AHEAD_MAX ? length : 0;
    this.#room -= ahead;
    // oxlint-disable-next-line unicorn/no-new-array -- the length is a number, and its room is what is wanted
    const array = new Array<unknown>(ahead);
    if (this.#seen !== undefined) this.#seen.push(array);
    for (let index = 0; index < length; index++) {
      const tag = source.byte();
      if (tag !== TAG_HOLE) array[index] = this.#tagged(tag, depth + 1);
    }
    if (array.length !== length) array.length = length;
    return array;
  }

  /** An array whose length says nothing of the bytes it takes. */
  #sparseArray(length: number, depth: number): unknown[] {
    this.#enter(depth);
    const { source } = this;
    const array: unknown[] = [];
    if (this.#seen !== undefined) this.#seen.push(array);
    // An element this far out makes the engine keep a dictionary instead of room for the whole length.
    array[LAST_ARRAY_INDEX] = undefined;
    array.length = length;
    for (let index = 0; index < length;) {
      const tag = source.bytes[source.position];
      if (tag === TAG_HOLE || tag === TAG_HOLES) {
        source.take(1);
        const holes = tag === TAG_HOLE ? 1 : source.count();
        if (holes < 1 || holes > length - index) throw source.malformed("a gap is longer than its array");
        index += holes;
      } else array[index++] = this.value(depth + 1);
    }
    return array;
  }

  #map(depth: number): Map<unknown, unknown> {
    this.#enter(depth);
    const size = this.source.expect(this.source.uint32(), 2);
    const map = this.remember(new Map<unknown, unknown>());
    for (let index = 0; index < size; index++) {
      const key = this.value(depth + 1);
      map.set(key, this.value(depth + 1));
    }
    return map;
  }

  #set(depth: number): Set<unknown> {
    this.#enter(depth);
    const size = this.source.expect(this.source.uint32(), 1);
    const set = this.remember(new Set<unknown>());
    for (let index = 0; index < size; index++) set.add(this.value(depth + 1));
    return set;
  }

  #window(depth: number): ArrayBufferView {
    this.#enter(depth);
    return this.#made(() => this.#binary.window(() => this.value(depth + 1)));
  }

  #boxed(depth: number): object {
    this.#enter(depth);
    const primitive = this.value(depth + 1);
    if (primitive === undefined || primitive === null || typeof primitive === "object") {
      throw this.source.malformed("a box holds no primitive value");
    }
    return this.remember(Object(primitive) as object);
  }

  #extension(depth: number): object {
    this.#enter(depth);
    const tag = this.source.byte();
    const extension = this.#settings.extensions.get(tag);
    if (extension === undefined) throw this.source.malformed(`unknown extension ${tag}`);
    return this.#made(() => extension.decode(this.value(depth + 1)));
  }
}

function setMember(record: Members, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
  } else record[key] = value;
}
