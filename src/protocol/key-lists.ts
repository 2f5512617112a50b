import type { ByteSink } from "./byte-sink.js";
import { KEY_LIST_HEADER, KEY_LIST_LENGTH_MAX, KEY_LISTS_MAX } from "./value-tags.js";

/** Keys longer than this are data rather than names: they are sent with their values and not remembered. */
const KEY_LENGTH_MAX = 64;
/**
 * Lists an encoder remembers between messages, and so the most that one message can use. Objects used as
 * dictionaries would fill any number; when all are taken the next message starts afresh.
 */
const NODES_MAX = KEY_LISTS_MAX;
/** Encoded lists up to this size are remembered too. */
const KEPT_BYTES = 1_024;

/** A list of keys, as a path from the root: each node adds one key to the list of its parent. */
export class KeyNode {
  /** The child that was taken last: objects of one shape come in rows. */
  lastKey: string | undefined = undefined;
  lastChild: KeyNode | undefined = undefined;
  children: Map<string, KeyNode> | undefined = undefined;
  /** Where this list stands in the current message, if `message` is the current one. */
  index = 0;
  message = -1;
  encoded: Uint8Array | undefined = undefined;

  constructor(
    readonly parent: KeyNode | undefined,
    readonly key: string,
    readonly length: number,
  ) {}
}

/**
 * The key lists of the objects that an encoder met. They are kept between messages to be found quickly; each
 * message still carries every list it uses, once.
 */
export class KeyLists {
  root = new KeyNode(undefined, "", 0);
  #nodes = 0;
  #message = 0;
  readonly #used: KeyNode[] = [];

  get used(): number {
    return this.#used.length;
  }

  startMessage(): void {
    this.#message++;
    this.#used.length = 0;
    if (this.#nodes >= NODES_MAX) {
      this.root = new KeyNode(undefined, "", 0);
      this.#nodes = 0;
    }
  }

  /** The list that has one key more, or undefined if this key and those after it must travel with their values. */
  extend(node: KeyNode, key: string): KeyNode | undefined {
    let child = node.children?.get(key);
    if (child === undefined) {
      if (node.length === KEY_LIST_LENGTH_MAX || this.#nodes >= NODES_MAX || key.length > KEY_LENGTH_MAX)
        return undefined;
      child = new KeyNode(node, key, node.length + 1);
      (node.children ??= new Map()).set(key, child);
      this.#nodes++;
    }
    node.lastKey = key;
    node.lastChild = child;
    return child;
  }

  /** The position of a list in this message, from 1; the empty list is 0. */
  indexOf(node: KeyNode): number {
    if (node.message === this.#message) return node.index;
    if (node.parent === undefined) return 0;
    this.#used.push(node);
    node.message = this.#message;
    return (node.index = this.#used.length);
  }

  /** Writes the lists that this message uses. */
  write(sink: ByteSink): void {
    for (const node of this.#used) {
      if (node.encoded === undefined) writeKeyList(node, sink);
      else sink.raw(node.encoded);
    }
  }
}

/** Two bytes of hash, two bytes of length of the keys, one byte with their number, the keys as strings. */
function writeKeyList(node: KeyNode, sink: ByteSink): void {
  const start = sink.position;
  sink.reserve(KEY_LIST_HEADER);
  sink.position += KEY_LIST_HEADER;
  for (const key of keysOf(node)) sink.string(key);
  const keys = sink.bytes.subarray(start + KEY_LIST_HEADER, sink.position);
  sink.uint16At(start, hashOf(keys));
  sink.uint16At(start + 2, keys.length);
  sink.bytes[start + 4] = node.length;
  if (keys.length <= KEPT_BYTES) node.encoded = Uint8Array.from(sink.bytes.subarray(start, sink.position));
}

function keysOf(node: KeyNode): string[] {
  const keys: string[] = [];
  for (let at: KeyNode = node; at.parent !== undefined; at = at.parent) keys.push(at.key);
  return keys.toReversed();
}

/** FNV-1a, folded: it only has to differ for most lists, and saves the receiver from computing one. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return ((hash >>> 16) ^ hash) & 0xffff;
}
