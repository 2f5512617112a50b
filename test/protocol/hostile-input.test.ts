import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameFlag } from "#dist/protocol/frame.js";
import { authenticatedLimits, unauthenticatedLimits, type ProtocolLimits } from "#dist/protocol/limits.js";
import { MessageType } from "#dist/protocol/message.js";
import { newSeed, seeded } from "../fixtures/random.js";
import { announcement, chunk, collector, frame } from "./frames.js";

const limits: ProtocolLimits = { maxFrame: 100, maxMessage: 1_000, maxTransfers: 2 };

function tooLarge(message: RegExp): object {
  return { name: "ProtocolError", code: "ERR_FRAME_TOO_LARGE", message };
}

function bad(message: RegExp): object {
  return { name: "ProtocolError", code: "ERR_BAD_FRAME", message };
}

function table(count: number, rest: number): Buffer {
  const payload = Buffer.alloc(8 + rest);
  payload.writeUInt32LE(count, 4);
  return frame({ type: MessageType.call, flags: FrameFlag.segmented, payload });
}

function reserved(at: number): Buffer {
  const bytes = frame({ type: MessageType.call });
  bytes[at] = 1;
  return bytes;
}

const violations: readonly [name: string, stream: readonly Uint8Array[], error: object][] = [
  [
    "a frame above the limit",
    [frame({ type: 32, payload: new Uint8Array(101) })],
    tooLarge(/101 bytes.*limit is 100/),
  ],
  [
    "a frame of 4 GiB",
    [Buffer.from([255, 255, 255, 255, 32, ...Buffer.alloc(11)])],
    tooLarge(/4294967295 bytes/),
  ],
  [
    "a message above the limit",
    [announcement(1, [999, 2])],
    tooLarge(/1001 bytes.*limit here is 1000.*maxMessageBytes/),
  ],
  ["a message of 8 PiB", [announcement(1, [2 ** 53 - 1])], tooLarge(/9007199254740991 bytes/)],
  [
    "lengths whose sum is beyond exact numbers",
    [announcement(1, [2 ** 53 - 1, 2 ** 53 - 1])],
    tooLarge(/limit here is 1000/),
  ],
  [
    "more transfers than allowed",
    [announcement(1, [1]), announcement(2, [1]), announcement(3, [1])],
    bad(/more than 2 messages/),
  ],
  [
    "more bytes under way than two messages may have",
    [announcement(1, [900]), announcement(2, [900]), chunk(1, 0, new Uint8Array(1)), announcement(3, [900])],
    bad(/under way/),
  ],
  [
    "a transfer announced twice",
    [announcement(1, [1]), announcement(1, [1])],
    bad(/transfer 1 was announced twice/),
  ],
  ["a chunk for an unknown transfer", [chunk(9, 0, new Uint8Array(1))], bad(/unknown transfer 9/)],
  [
    "a chunk after the end of its transfer",
    [announcement(1, [1]), chunk(1, 0, new Uint8Array(1)), chunk(1, 0, new Uint8Array(1))],
    bad(/unknown transfer 1/),
  ],
  ["a chunk out of turn", [announcement(1, [1, 1]), chunk(1, 1, new Uint8Array(1))], bad(/segment 1/)],
  [
    "a chunk past the end of its segment",
    [announcement(1, [1, 5]), chunk(1, 0, new Uint8Array(2))],
    bad(/past the end/),
  ],
  ["an empty chunk", [announcement(1, [1]), chunk(1, 0, new Uint8Array(0))], bad(/empty chunk/)],
  [
    "a table cut short",
    [frame({ type: 32, flags: FrameFlag.segmented, payload: Buffer.alloc(7) })],
    bad(/cut short/),
  ],
  ["a table of no entries", [table(0, 0)], bad(/0 entries/)],
  ["a table longer than its frame", [table(3, 16)], bad(/3 entries does not fit/)],
  ["a table of 2^32 - 1 entries", [table(2 ** 32 - 1, 16)], bad(/4294967295 entries does not fit/)],
  ["NaN as a length", [announcement(1, [NaN])], bad(/NaN is not the length/)],
  ["infinity as a length", [announcement(1, [Infinity])], bad(/Infinity is not the length/)],
  ["a negative length", [announcement(1, [-1])], bad(/-1 is not the length/)],
  ["a fraction as a length", [announcement(1, [1.5])], bad(/1\.5 is not the length/)],
  ["bits that are reserved", [reserved(6)], bad(/not a Rollcall frame/)],
  ["bits that are reserved, in the upper byte", [reserved(7)], bad(/not a Rollcall frame/)],
  ["another protocol", [Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n")], { name: "ProtocolError" }],
];

for (const [name, stream, error] of violations) {
  void test(`${name} ends the connection with an error that says so`, () => {
    const { decoder } = collector(limits);
    assert.throws(() => {
      for (const bytes of stream) decoder.push(bytes);
    }, error);
  });
}

void test("what is over counts no longer against the limits", () => {
  const { decoder, messages } = collector(limits);
  for (let round = 1; round <= 20; round++) {
    decoder.push(announcement(round, [900]));
    for (let sent = 0; sent < 900; sent += 100) decoder.push(chunk(round, 0, new Uint8Array(100)));
  }
  assert.equal(messages.length, 20);
});

void test("a stranger cannot announce anything, and no frame of more than 512 bytes", () => {
  assert.throws(
    () => collector(unauthenticatedLimits).decoder.push(announcement(1, [1])),
    bad(/more than 0/),
  );
  const long = frame({ type: MessageType.hello, payload: new Uint8Array(513) });
  assert.throws(() => collector(unauthenticatedLimits).decoder.push(long), tooLarge(/limit is 512/));
});

void test("limits that are replaced hold from the next frame on", () => {
  const { decoder, messages } = collector(unauthenticatedLimits);
  const long = frame({ type: MessageType.call, payload: new Uint8Array(513) });
  decoder.limits = authenticatedLimits();
  decoder.push(long);
  assert.equal(messages.length, 1);
});

void test("a prefix of a message, wherever it ends, is neither a message nor an error", () => {
  const one = Buffer.concat([
    announcement(1, [5, 2]),
    chunk(1, 0, new Uint8Array(5)),
    chunk(1, 1, new Uint8Array(2)),
  ]);
  for (const whole of [one, frame({ type: MessageType.call, payload: new Uint8Array(20) })]) {
    for (let length = 0; length < whole.length; length++) {
      const { decoder, messages } = collector(limits);
      decoder.push(whole.subarray(0, length));
      assert.deepEqual(messages, [], `${length} of ${whole.length} bytes`);
    }
  }
});

void test("noise gives protocol errors or messages, never anything else", (context) => {
  const next = seeded(newSeed(context));
  for (let round = 0; round < 2_000; round++) {
    const { decoder } = collector(limits);
    const noise = Uint8Array.from({ length: 1 + next(200) }, () => next(next(2) === 0 ? 4 : 256));
    try {
      decoder.push(noise);
    } catch (error) {
      assert.equal((error as Error).name, "ProtocolError", (error as Error).stack);
    }
  }
});
