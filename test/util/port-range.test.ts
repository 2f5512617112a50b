import assert from "node:assert/strict";
import { test } from "node:test";
import { formatPortRange, isPortRange, parsePortRange, portsFrom } from "#dist/util/port-range.js";

void test("a range is written as it is read", () => {
  for (const text of ["0", "1", "8080", "7000-7099", "1-65535"])
    assert.equal(formatPortRange(parsePortRange(text)!), text);
  for (const text of ["", "a", "1-", "-1", "65536", "2-1", "0-5", "1.5"])
    assert.equal(parsePortRange(text), undefined, text);
});

void test("a range holds whole numbers of ports, in order", () => {
  assert.equal(isPortRange({ from: 0, to: 0 }), true);
  assert.equal(isPortRange({ from: 1.5, to: 2 }), false);
  assert.equal(isPortRange({ from: 5, to: 4 }), false);
  assert.equal(isPortRange({ from: 0, to: 4 }), false);
  assert.equal(isPortRange({ from: 1, to: 65_536 }), false);
});

void test("wherever one begins, each port of a range comes once", () => {
  assert.deepEqual([...portsFrom({ from: 5, to: 8 }, 2)], [7, 8, 5, 6]);
  assert.deepEqual([...portsFrom({ from: 5, to: 8 }, 40_003)], [8, 5, 6, 7]);
  assert.deepEqual([...portsFrom({ from: 0, to: 0 }, 17)], [0]);
});
