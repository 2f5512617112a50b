import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Fleet } from "./fleet.js";
import type { LinksResult } from "./links-program.js";
import { whyNoFleet } from "./requirements.js";

void describe("the links of a fleet", { skip: whyNoFleet() }, () => {
  let fleet: Fleet;
  let result: LinksResult;
  before(async () => {
    fleet = await Fleet.start({ name: "links" });
    result = (await fleet.run(new URL("links-program.js", import.meta.url))) as LinksResult;
  });
  after(() => fleet?.[Symbol.asyncDispose]());

  void test("lose the fraction of packets that they are told to", () => {
    // Of 900 there and back: 400 on average, with a standard deviation of 15.
    assert.ok(Math.abs(result.answeredOfLossy - 400) < 150, `${result.answeredOfLossy} were answered`);
  });

  void test("carry no more than the rate that they are limited to", () => {
    // 250,000 bytes at 1 Mbit/s are two seconds, of which the burst takes a quarter.
    assert.ok(result.slowMs > 1_500, `${result.slowMs} ms`);
    assert.ok(result.fastMs < result.slowMs, `${result.fastMs} ms without a limit`);
  });

  void test("can be cut one by one, and are whole again when they are healed", () => {
    assert.deepEqual(result.reachedWhileCut, { first: false, second: true });
    assert.equal(result.reachedWhenHealed, true);
  });

  void test("are between hosts that exist", () => {
    assert.throws(() => fleet.trouble.cut("manager", 3), /instances 1 to 2; 3 is none/);
    assert.throws(() => fleet.trouble.losePackets(2), /from 0 to 1; it is 2/);
  });
});
