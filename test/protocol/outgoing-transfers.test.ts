import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameFlag, readUint32 } from "#dist/protocol/frame.js";
import { CHUNK_SIZE, INLINE_LIMIT } from "#dist/protocol/limits.js";
import { bareMessage, MessageType, type Message } from "#dist/protocol/message.js";
import { needsTransfer, OutgoingTransfers } from "#dist/protocol/outgoing-transfers.js";

function message(body: Uint8Array, ...segments: Uint8Array[]): Message {
  return { ...bareMessage(MessageType.call), body, segments };
}

/** The order in which chunks leave, as `transfer:segment`. */
function order(transfers: OutgoingTransfers): string[] {
  const left: string[] = [];
  for (let next = transfers.next(); next !== undefined; next = transfers.next())
    left.push(`${next.transferId}:${next.position}`);
  return left;
}

void test("a message goes in one frame up to the inline limit, and in several with segments or above it", () => {
  assert.equal(needsTransfer(message(new Uint8Array(INLINE_LIMIT))), false);
  assert.equal(needsTransfer(message(new Uint8Array(INLINE_LIMIT + 1))), true);
  assert.equal(needsTransfer(message(new Uint8Array(0), new Uint8Array(0))), true);
});

void test("an announcement holds the transfer's id, the lengths of its segments and the body", () => {
  const body = Uint8Array.of(1, 2, 3);
  const { flags, table, inlineBody } = new OutgoingTransfers().add(
    message(body, new Uint8Array(7), new Uint8Array(0)),
  );
  assert.equal(flags, FrameFlag.segmented);
  assert.deepEqual([readUint32(table, 0), readUint32(table, 4), table.length], [1, 2, 24]);
  assert.equal(new DataView(table.buffer).getFloat64(8, true), 7);
  assert.equal(new DataView(table.buffer).getFloat64(16, true), 0);
  assert.deepEqual(inlineBody, body);
});

void test("a body too long for one frame travels as the last segment, copied, since its owner may use it again", () => {
  const transfers = new OutgoingTransfers();
  const body = Buffer.alloc(INLINE_LIMIT + 1, 1);
  const { flags, table, inlineBody } = transfers.add(message(body, Uint8Array.of(9)));
  body.fill(2);
  assert.equal(flags, FrameFlag.segmented | FrameFlag.bodyIsSegment);
  assert.equal(readUint32(table, 4), 2);
  assert.equal(inlineBody.length, 0);
  assert.deepEqual(transfers.next()?.bytes, Uint8Array.of(9));
  const last = transfers.next();
  assert.equal(last?.position, 1);
  assert.ok(last.bytes.every((byte) => byte === 1));
});

void test("a body that fits only without its table becomes a segment, so that no announcement outgrows a frame", () => {
  const { flags, table, inlineBody } = new OutgoingTransfers().add(
    message(new Uint8Array(INLINE_LIMIT), new Uint8Array(1)),
  );
  assert.equal(flags, FrameFlag.segmented | FrameFlag.bodyIsSegment);
  assert.ok(table.length + inlineBody.length <= INLINE_LIMIT);
});

void test("segments leave in order, in chunks that are views of the sender's memory", () => {
  const transfers = new OutgoingTransfers();
  const segment = new Uint8Array(2 * CHUNK_SIZE + 1);
  transfers.add(message(new Uint8Array(0), segment, new Uint8Array(0), new Uint8Array(5)));
  assert.equal(transfers.bytesWaiting, segment.length + 5);
  const first = transfers.next();
  assert.equal(first?.bytes.buffer, segment.buffer);
  assert.equal(first.bytes.length, CHUNK_SIZE);
  assert.equal(transfers.next()?.bytes.byteOffset, CHUNK_SIZE);
  assert.equal(transfers.next()?.bytes.length, 1);
  assert.equal(transfers.next()?.position, 2);
  assert.equal(transfers.next(), undefined);
  assert.equal(transfers.bytesWaiting, 0);
});

void test("transfers take turns, chunk by chunk; a later short one is not held up by an earlier long one", () => {
  const transfers = new OutgoingTransfers();
  transfers.add(message(new Uint8Array(0), new Uint8Array(3 * CHUNK_SIZE)));
  transfers.add(message(new Uint8Array(0), new Uint8Array(10), new Uint8Array(CHUNK_SIZE)));
  assert.deepEqual(order(transfers), ["1:0", "2:0", "1:0", "2:1", "1:0"]);
});

void test("a message whose segments are all empty has nothing to send", () => {
  const transfers = new OutgoingTransfers();
  transfers.add(message(new Uint8Array(0), new Uint8Array(0)));
  assert.equal(transfers.next(), undefined);
});

void test("what is cleared is not sent", () => {
  const transfers = new OutgoingTransfers();
  transfers.add(message(new Uint8Array(0), new Uint8Array(10)));
  transfers.clear();
  assert.equal(transfers.bytesWaiting, 0);
  assert.equal(transfers.next(), undefined);
});
