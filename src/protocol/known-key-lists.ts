import type { ByteSource } from "./byte-source.js";
import { type RecordFiller, RecordFillers } from "./record-fillers.js";
import { KEY_LIST_HEADER } from "./value-tags.js";

const SLOTS = 512;
/** Longer lists are rare, and are read anew each time. */
const KEPT_BYTES = 1_024;
/** Records after which a list counts as often used. */
const OFTEN = 32;

/** The keys of the records of one shape. */
export class KeyList {
  /** Set once the list is often used, if there are still fillers. */
  fillers: readonly RecordFiller[] | undefined = undefined;
  uses = 0;
  /** A key that must be defined, since assigning to it would change the prototype. */
  readonly hasProto: boolean;

  constructor(
    readonly keys: readonly string[],
    readonly encoded: Uint8Array,
  ) {
    this.hasProto = keys.includes("__proto__");
  }
}

export const EMPTY_KEY_LIST = new KeyList([], new Uint8Array(0));

/** Key lists met before, found by their bytes: a message carries its lists, and most messages carry the same. */
export class KnownKeyLists {
  readonly #slots: (KeyList | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  readonly #fillers = new RecordFillers();

  /** Reads one list of the table at the end of a body. */
  read(source: ByteSource): KeyList {
    const { bytes } = source;
    const header = source.take(KEY_LIST_HEADER);
    const slot = (bytes[header]! | (bytes[header + 1]! << 8)) % SLOTS;
    const length = bytes[header + 2]! | (bytes[header + 3]! << 8);
    const count = bytes[header + 4]!;
    const start = source.take(length);
    const first = this.#slots[slot];
    if (first !== undefined && isSame(first, bytes, start, length, count)) return first;
    const second = this.#slots[slot ^ 1];
    if (second !== undefined && isSame(second, bytes, start, length, count)) return second;
    const list = this.#parse(source, start, count);
    if (length <= KEPT_BYTES) this.#keep(list, slot);
    return list;
  }

  /** Called for each record: the `OFTEN`th gives the list fillers of its own. */
  count(list: KeyList): void {
    if (++list.uses === OFTEN && !list.hasProto) list.fillers = this.#fillers.claim(list.keys.length);
  }

  #parse(source: ByteSource, start: number, count: number): KeyList {
    const keys: string[] = [];
    const after = source.position;
    source.position = start;
    while (source.position < after && keys.length < count) keys.push(source.string());
    if (source.position !== after || keys.length !== count || new Set(keys).size !== count) {
      throw source.malformed("a key list does not hold what it announces");
    }
    return new KeyList(keys, Uint8Array.from(source.bytes.subarray(start, after)));
  }

  /** A list with fillers keeps its place: the fillers would be lost with it. */
  #keep(list: KeyList, slot: number): void {
    const place = this.#slots[slot]?.fillers === undefined ? slot : slot ^ 1;
    if (this.#slots[place]?.fillers === undefined) this.#slots[place] = list;
  }
}

function isSame(list: KeyList, bytes: Uint8Array, start: number, length: number, count: number): boolean {
  const { encoded } = list;
  if (encoded.length !== length || list.keys.length !== count) return false;
  for (let index = 0; index < length; index++) if (encoded[index] !== bytes[start + index]) return false;
  return true;
}
