import assert from "node:assert/strict";
import { test } from "node:test";
import type { Member } from "#dist/cluster/member.js";
import { Members } from "#dist/cluster/members.js";
import { NoSuchProcessError, ProcessExitedError } from "#dist/errors.js";

function membersThatJoined(...pids: number[]): Members {
  const members = new Members();
  for (const pid of pids)
    members.add({
      pid,
      keyId: `key ${pid}`,
      info: { launched: { id: `worker ${pid}` } },
      takesCalls: true,
    } as unknown as Member);
  return members;
}

test("members are listed by pid, whatever the order in which they joined", () => {
  const members = membersThatJoined(4, 2, 3);
  assert.deepEqual(
    members.available.map(({ pid }) => pid),
    [2, 3, 4],
  );
});

test("a pid that never was is told apart from one that is gone", () => {
  const members = membersThatJoined(3, 2);
  members.remove(3, { kind: "removed", message: "it was asked to leave" });
  assert.throws(() => members.get(3), ProcessExitedError);
  assert.throws(
    () => members.get(9),
    (error) => error instanceof NoSuchProcessError && /process 9\b.*are 1, 2$/.test(error.message),
  );
});
