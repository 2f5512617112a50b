import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import { distribute, type StrategyItem } from "#dist/local-ecs/capacity-provider.js";

function item(capacityProvider: string, weight: number, base = 0): StrategyItem {
  return { capacityProvider, weight, base };
}

for (const [title, strategy, count, expected] of [
  ["one provider takes all", [item("a", 7)], 3, "aaa"],
  ["equal weights take turns, the first one first", [item("a", 1), item("b", 1)], 5, "ababa"],
  ["tasks go as the weights are", [item("a", 1), item("b", 4)], 10, "bbbabbbbab"],
  ["a weight of 0 takes nothing", [item("a", 0), item("b", 2)], 3, "bbb"],
  ["a base comes first and does not count for the weights", [item("a", 1), item("b", 1, 2)], 5, "bbaba"],
  ["a base may have the weight 0", [item("a", 1), item("b", 0, 1)], 3, "baa"],
  ["a base beyond the count takes all", [item("a", 1, 5), item("b", 9)], 3, "aaa"],
] as const) {
  void test(title, () => assert.equal(distribute(strategy, count).join(""), expected));
}

void test("every task has a provider, and each provider at least its share, rounded down", () => {
  const weights = fc
    .array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 20 })
    .filter((list) => list.some((weight) => weight > 0));
  fc.assert(
    fc.property(weights, fc.integer({ min: 1, max: 10 }), (list, count) => {
      const strategy = list.map((weight, index) => item(`${index}`, weight));
      const chosen = distribute(strategy, count);
      assert.equal(chosen.length, count);
      const total = list.reduce((sum, weight) => sum + weight);
      for (const { capacityProvider, weight } of strategy) {
        const tasks = chosen.filter((name) => name === capacityProvider).length;
        assert.ok(
          tasks >= Math.floor((count * weight) / total),
          `${tasks} of ${count} with ${weight} of ${total}`,
        );
      }
    }),
  );
});
