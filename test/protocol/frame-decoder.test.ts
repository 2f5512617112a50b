import assert from "node:assert/strict";
import { test } from "node:test";
import { INLINE_LIMIT } from "#dist/protocol/limits.js";
import { MessageType, type Message } from "#dist/protocol/message.js";
import { newSeed, seeded, type Random } from "../fixtures/random.js";
import { announcement, chunk, collector, encodeAll, frame, plain } from "./frames.js";

function message(fields: Partial<Message>): Message {
  return {
    type: MessageType.call,
    flags: 0,
    id: 0,
    aux: 0,
    body: new Uint8Array(0),
    segments: [],
    ...fields,
  };
}

function bytes(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => first + index * 7);
}

/** Small enough to be cut at every offset, with everything in it that a frame can be. */
const stream = Buffer.concat([
  frame({ type: MessageType.ping }),
  frame({ type: MessageType.call, flags: 3, id: 0xffffffff, aux: 0x80000001, payload: bytes(5) }),
  announcement(7, [10, 0, 3], { id: 1, aux: 2, flags: 1 }),
  announcement(8, [4], { id: 2, payload: bytes(9, 3) }),
  chunk(7, 0, bytes(6)),
  frame({ type: MessageType.result, id: 3, payload: bytes(1) }),
  chunk(8, 0, bytes(4, 50)),
  chunk(7, 0, bytes(4, 42)),
  chunk(7, 2, bytes(3, 99)),
  announcement(9, [0, 0], { id: 4 }),
  // Bit 7: the last segment is the body.
  announcement(10, [2, 5], { id: 5, flags: 0x80 }),
  chunk(10, 0, bytes(2)),
  chunk(10, 1, bytes(5, 5)),
]);

const expected = [
  message({ type: MessageType.ping }),
  message({ flags: 3, id: 0xffffffff, aux: 0x80000001, body: bytes(5) }),
  message({ type: MessageType.result, id: 3, body: bytes(1) }),
  message({ id: 2, body: bytes(9, 3), segments: [bytes(4, 50)] }),
  message({ flags: 1, id: 1, aux: 2, segments: [bytes(10), bytes(0), bytes(3, 99)] }),
  message({ id: 4, segments: [bytes(0), bytes(0)] }),
  message({ id: 5, body: bytes(5, 5), segments: [bytes(2)] }),
];

void test("frames, segments and chunks in one piece become messages, each when its last byte is there", () => {
  const { decoder, messages } = collector();
  decoder.push(stream);
  assert.deepEqual(plain(messages), plain(expected));
  assert.equal(decoder.transfersUnderWay, 0);
});

void test("one cut at any offset changes nothing", () => {
  for (let at = 0; at <= stream.length; at++) {
    const { decoder, messages } = collector();
    decoder.push(stream.subarray(0, at));
    decoder.push(stream.subarray(at));
    assert.deepEqual(plain(messages), plain(expected), `cut at ${at}`);
  }
});

void test("bytes that come one at a time change nothing", () => {
  const { decoder, messages } = collector();
  for (const byte of stream) decoder.push(Uint8Array.of(byte));
  assert.deepEqual(plain(messages), plain(expected));
});

void test("pieces may lie in memory that is used again: nothing that is kept points into it", () => {
  const { decoder, messages } = collector();
  // A `Buffer`, as sockets use: its `slice`, unlike that of any other typed array, is a view.
  const reused = Buffer.alloc(50);
  for (let at = 0; at < stream.length; at += reused.length) {
    const piece = stream.subarray(at, at + reused.length);
    reused.set(piece);
    decoder.push(reused.subarray(0, piece.length));
    reused.fill(0xee);
  }
  assert.deepEqual(plain(messages), plain(expected));
});

/** Reads `from` the way a socket does: directly into the decoder's target where there is one worth it, else pushed. */
function read(
  decoder: ReturnType<typeof collector>["decoder"],
  from: Uint8Array,
  next: Random,
  worthwhile: number,
): number {
  let direct = 0;
  for (let at = 0; at < from.length;) {
    const target = decoder.target(worthwhile);
    const count = Math.min(1 + next(40), from.length - at, target?.length ?? Infinity);
    if (target === undefined) decoder.push(from.subarray(at, at + count));
    else {
      target.set(from.subarray(at, at + count));
      decoder.advance(count);
      direct++;
    }
    at += count;
  }
  return direct;
}

void test("direct reads, in any mixture with pushed bytes, give the same messages", (context) => {
  const next = seeded(newSeed(context));
  let direct = 0;
  for (let round = 0; round < 300; round++) {
    const { decoder, messages } = collector();
    direct += read(decoder, stream, next, 1 + next(4));
    assert.deepEqual(plain(messages), plain(expected), `round ${round}`);
  }
  assert.ok(direct > 100, `${direct} direct reads`);
});

void test("only the rest of a chunk is read directly, and only if it is long enough to be worth it", () => {
  const { decoder } = collector();
  assert.equal(decoder.target(1), undefined);
  decoder.push(frame({ type: MessageType.call, payload: bytes(100) }).subarray(0, 50));
  assert.equal(decoder.target(1), undefined, "a frame of its own is collected");
  const other = collector();
  other.decoder.push(announcement(1, [100]));
  other.decoder.push(chunk(1, 0, bytes(60)).subarray(0, 26));
  assert.equal(other.decoder.target(50)?.length, 50);
  assert.equal(other.decoder.target(51), undefined);
});

function randomMessage(next: Random): Message {
  const sizes = [0, 1, 300, INLINE_LIMIT - 1, INLINE_LIMIT, INLINE_LIMIT + 1, 3 * INLINE_LIMIT];
  const segments =
    next(3) === 0 ? Array.from({ length: 1 + next(4) }, () => bytes(sizes[next(4)]!, next(256))) : [];
  return message({
    type: 32 + next(7),
    flags: next(64),
    id: next(2 ** 32),
    aux: next(2 ** 32),
    body: bytes(sizes[next(sizes.length)]!, next(256)),
    segments,
  });
}

void test("random messages survive random cuts", (context) => {
  const next = seeded(newSeed(context));
  for (let round = 0; round < 20; round++) {
    const sent = Array.from({ length: 1 + next(12) }, () => randomMessage(next));
    const { decoder, messages } = collector();
    const all = encodeAll(sent);
    for (let at = 0; at < all.length;) {
      const end = at + 1 + next(round % 2 === 0 ? 100_000 : 3_000);
      decoder.push(all.subarray(at, end));
      at = Math.min(end, all.length);
    }
    // Large ones may be overtaken by small ones, so only what came is compared, not when.
    assert.deepEqual(
      plain(messages).map(text).toSorted(),
      plain(sent).map(text).toSorted(),
      `round ${round}`,
    );
    assert.equal(decoder.transfersUnderWay, 0);
  }
});

function text(value: unknown): string {
  return JSON.stringify(value);
}

void test("what is cleared is forgotten, and a new stream can begin", () => {
  const { decoder, messages } = collector();
  decoder.push(stream.subarray(0, 90));
  decoder.clear();
  assert.equal(decoder.transfersUnderWay, 0);
  messages.length = 0;
  decoder.push(stream);
  assert.deepEqual(plain(messages), plain(expected));
});
