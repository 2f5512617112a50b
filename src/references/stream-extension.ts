import type { ValueExtension } from "../protocol/value-extension.js";
import type { ReferenceId } from "./reference-id.js";
import type { References } from "./references.js";
import { readableOf } from "./remote-stream.js";
import { StreamSource } from "./stream-source.js";

/** As what a stream arrives. Only ever appended. */
const StreamKind = { iterable: 0, readable: 1 } as const;

type EncodedStream = readonly [kind: number, owner: number, creator: number, number: number];

/** The streams that this process has sent, or is about to send, by what they read. */
export class StreamSources {
  readonly #sources = new WeakMap<object, StreamSource>();
  readonly #newId: () => ReferenceId;

  constructor(newId: () => ReferenceId) {
    this.#newId = newId;
  }

  get(iterable: object): StreamSource | undefined {
    return this.#sources.get(iterable);
  }

  /** The same each time: what is sent twice is one stream. Throws for one that can be read no more. */
  of(iterable: AsyncIterable<unknown>): StreamSource {
    let source = this.#sources.get(iterable);
    if (source === undefined) {
      if (iterable instanceof ReadableStream && iterable.locked) {
        throw new Error("is a ReadableStream that somebody reads already: it is locked");
      }
      source = new StreamSource(this.#newId(), iterable);
      this.#sources.set(iterable, source);
    }
    if (source.isEnded) throw new Error("is a stream that was sent before, and has ended; make a new one");
    return source;
  }
}

/**
 * How what can be iterated asynchronously travels: async generators, `ReadableStream`, readable streams of Node, instances
 * of classes with `Symbol.asyncIterator`. Not what is also a promise, such as a running map, nor what can be written too, such as a socket.
 */
export function streamExtension(
  references: References,
  sources: StreamSources,
): ValueExtension<AsyncIterable<unknown>> {
  return {
    tag: 4,
    matches: isStream,
    encode: (iterable): EncodedStream => {
      const { owner, creator, number } = sources.of(iterable).id;
      const kind = iterable instanceof ReadableStream ? StreamKind.readable : StreamKind.iterable;
      return [kind, owner, creator, number];
    },
    decode: (data) => {
      const [kind, owner, creator, number] = data as EncodedStream;
      const stream = references.stream({ owner, creator, number });
      references.arrived(stream);
      return kind === StreamKind.readable ? readableOf(stream) : stream;
    },
  };
}

function isStream(value: object): value is AsyncIterable<unknown> {
  if (typeof value !== "object" || !(Symbol.asyncIterator in value)) return false;
  if (typeof value[Symbol.asyncIterator] !== "function" || "then" in value) return false;
  // A socket, or anything else that can be written too, is more than its items.
  return !("pipe" in value && "write" in value);
}
