import assert from "node:assert/strict";
import { test } from "node:test";
import { CallBoard } from "#dist/rpc/call-board.js";

test("another view of a board's memory shows which call is on the stack", () => {
  const board = new CallBoard(new Int32Array(new SharedArrayBuffer(CallBoard.BYTES)));
  const other = new CallBoard(board.cells);
  assert.equal(other.isOnStack(), false);
  board.began(CallBoard.markOf(0));
  assert.deepEqual([other.isOnStack(), other.isOnStack(CallBoard.markOf(0))], [true, true]);
  assert.equal(other.isOnStack(CallBoard.markOf(1)), false);
  assert.equal(other.isAllThatOverlaps(), false);
  board.began(CallBoard.markOf(undefined));
  assert.deepEqual([other.isOnStack(), other.isOnStack(CallBoard.markOf(0))], [true, false]);
  board.ended();
  assert.equal(other.isOnStack(), false);
});

test("a call is all that overlaps only if it goes on alone", () => {
  const board = new CallBoard();
  const [one, other] = [CallBoard.markOf(3), CallBoard.markOf(4)];
  assert.equal(board.isAllThatOverlaps(), false);
  board.overlaps(one);
  assert.equal(board.isAllThatOverlaps(one), true);
  assert.equal(board.isAllThatOverlaps(other), false);
  board.overlaps(other);
  assert.deepEqual([board.isAllThatOverlaps(one), board.isAllThatOverlaps()], [false, true]);
  board.loadBegan();
  assert.deepEqual([board.isAllThatOverlaps(other), board.isAllThatOverlaps()], [false, false]);
  board.loadEnded();
  board.overlapEnded(one);
  assert.deepEqual([board.isAllThatOverlaps(one), board.isAllThatOverlaps(other)], [false, true]);
});
