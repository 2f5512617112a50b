import assert from "node:assert/strict";
import { test } from "node:test";
import { MemberView } from "#dist/peers/member-view.js";
import type { MemberEntry } from "#dist/protocol/peer-messages.js";

function entry(pid: number): MemberEntry {
  return { pid, hosts: ["10.0.0.1"], port: 4000 + pid, host: "10.0.0.1", hostname: "a", labels: {} };
}

function pids(view: MemberView): number[] {
  return view.available.map(({ pid }) => pid);
}

const reason = { kind: "exited", message: "its process exited with code 3", exitCode: 3 } as const;

test("workers are listed by pid, without those that leave or are gone", () => {
  const view = new MemberView();
  view.apply({ joined: [entry(4), entry(2), entry(3)] });
  assert.deepEqual(pids(view), [2, 3, 4]);
  view.apply({ leaving: [3] });
  assert.deepEqual(pids(view), [2, 4]);
  assert.ok(view.isLeaving(3));
  view.apply({ exited: [{ pid: 2, reason }] });
  assert.deepEqual(pids(view), [4]);
  assert.deepEqual(view.exitOf(2), reason);
  assert.equal(view.get(2), undefined);
});

test("an end is news once, and nothing brings its worker back", () => {
  const view = new MemberView();
  view.apply({ joined: [entry(2)] });
  assert.deepEqual(view.apply({ exited: [{ pid: 2, reason }] }), [{ pid: 2, reason }]);
  assert.deepEqual(view.apply({ exited: [{ pid: 2, reason }] }), []);
  view.apply({ joined: [entry(2)], leaving: [2] });
  assert.deepEqual(pids(view), []);
  assert.ok(!view.isLeaving(2));
});
