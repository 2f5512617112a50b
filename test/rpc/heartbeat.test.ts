import assert from "node:assert/strict";
import { test } from "node:test";
import { Heartbeat } from "#dist/rpc/heartbeat.js";

/** Numbers are ticks at that time, `heard` is a sign of life; after the ticks come the verdicts. */
const stories: readonly [name: string, events: readonly (number | "heard")[], verdicts: string][] = [
  [
    "a peer that answers each time is alive",
    [2, "heard", 4, "heard", 6, "heard", 8],
    "alive alive alive alive",
  ],
  ["silence makes it suspect, then lost", [2, 4, 6, 8, 10, 12], "alive alive suspect suspect lost lost"],
  [
    "an answer brings a suspect back",
    [2, 4, 6, "heard", 8, 10, 12],
    "alive alive suspect alive alive suspect",
  ],
  ["one answer late is no reason for suspicion", [2, 4, "heard", 6], "alive alive alive"],
  ["time in which we slept does not count against it", [2, 1_000], "alive suspect"],
  ["but it does not count for it either", [2, 1_000, 1_002, 1_004], "alive suspect suspect lost"],
  ["an answer that lay unread while we slept counts", [2, 1_000, "heard", 1_002], "alive suspect alive"],
  [
    "ticks that come early count as much as they are",
    [1, 2, 3, 4, 5, 6],
    "alive alive alive alive alive suspect",
  ],
];

for (const [name, events, verdicts] of stories) {
  void test(name, () => {
    const heartbeat = new Heartbeat({ intervalMs: 2, suspectMs: 6, lostMs: 10 }, 0);
    const seen: string[] = [];
    for (const event of events) {
      if (event === "heard") heartbeat.heard();
      else seen.push(heartbeat.tick(event));
    }
    assert.equal(seen.join(" "), verdicts);
  });
}
