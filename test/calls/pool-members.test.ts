import assert from "node:assert/strict";
import { test } from "node:test";
import { PoolMembers } from "#dist/calls/pool-members.js";
import { newSeed, seeded } from "../fixtures/random.js";

void test("members are handed out in the order in which they became free", () => {
  const pool = new PoolMembers();
  for (const pid of [4, 2, 3]) pool.add(pid);
  assert.deepEqual([pool.take(), pool.take()], [4, 2]);
  pool.putBack(2);
  pool.putBack(4);
  assert.deepEqual([pool.take(), pool.take(), pool.take(), pool.take()], [3, 2, 4, undefined]);
  assert.deepEqual(pool.pids, [2, 3, 4]);
});

void test("whatever is done to it, a pool agrees with a list of its members and of who has them", (context) => {
  const next = seeded(newSeed(context));
  for (let round = 0; round < 200; round++) {
    const pool = new PoolMembers();
    const members = new Set<number>();
    let free: number[] = [];
    for (let step = 0; step < 100; step++) {
      const pid = 2 + next(8);
      switch (next(4)) {
        case 0:
          pool.add(pid);
          if (!members.has(pid)) free.push(pid);
          members.add(pid);
          break;
        case 1:
          pool.remove(pid);
          members.delete(pid);
          free = free.filter((other) => other !== pid);
          break;
        case 2:
          assert.equal(pool.take(), free.shift());
          break;
        default:
          pool.putBack(pid);
          if (members.has(pid) && !free.includes(pid)) free.push(pid);
      }
      assert.deepEqual([pool.size, pool.free], [members.size, free.length]);
      assert.equal(pool.has(pid), members.has(pid));
    }
  }
});
