import assert from "node:assert/strict";
import type { Cluster } from "#dist/index.js";
import type { Random } from "../../fixtures/random.js";
import {
  begun,
  call,
  loop,
  map,
  outcomeOf,
  setFuture,
  shareFuture,
  useChannel,
  type CallPlan,
  type Outcome,
  type Taken,
  type Way,
  type Work,
} from "./acting.js";
import type { Model } from "./model.js";

/** What one story is told with. */
export interface Setting {
  readonly cluster: Cluster;
  readonly model: Model;
  readonly random: Random;
  /** Connections between workers break; a value that is being taken over one is lost then. */
  readonly hasCuts: boolean;
}

/** A few operations that belong together. Resolves with how many when all have come out as the model says. */
export type Story = (setting: Setting) => Promise<number>;

const ways: readonly Way[] = ["fetch", "fetch", "fetch", "call", "call", "wait", "do", "pool", "remote"];

function newWork({ model, random }: Setting, failures: number): Work {
  return { key: model.newKey(), turns: random(3), failures };
}

/** One call of one process by another, or by itself. */
export const aCall: Story = async (setting) => {
  const { cluster, model, random } = setting;
  const since = model.since;
  const way = model.pick(ways);
  const isAny = way === "remote" || random(4) === 0;
  const [from, target] = [model.anyone(), isAny ? ("any" as const) : model.anyone()];
  const mayRetry = way === "fetch" || way === "wait" || way === "pool";
  const mayAbort = mayRetry || way === "call";
  const plan: CallPlan = {
    way,
    target,
    work: newWork(setting, random(5) === 0 && way !== "do" ? 1 + random(3) : 0),
    retries: mayRetry && random(4) === 0 ? 1 + random(2) : 0,
    abortAfter: mayAbort && random(5) === 0 ? random(4) : undefined,
  };
  const { key, failures } = plan.work;
  const outcome = await outcomeOf(cluster.remoteCallFetch(call, from, plan));
  const involved = isAny ? model.everyone : [from, target as number];
  const isCalm = model.isCalm(since, ...involved);
  const result = model.judge(outcome, since, involved);
  const times = begun.get(key) ?? 0;
  assert.ok(times <= 1 + plan.retries, `it was begun ${times} times`);
  if (result === undefined) return 2;
  if ("error" in result && result.error === "AbortError" && plan.abortAfter !== undefined) return 2;
  if ("error" in result && result.error === "RemoteError RangeError") {
    if (plan.retries < failures) return 2;
    assert.ok(!isCalm, "it failed for good before its retries were used up");
    return 2;
  }
  if ("error" in result && way === "pool" && !isAny) {
    // A pool is made of those that its maker has heard of, and nobody is asked.
    if (result.error === "NoSuchProcessError" && from !== 1) return 2;
    if (result.error === "NoWorkersError" && model.isTouched(target as number)) return 2;
  }
  const value = model.judge(result, since, involved);
  if (value === undefined) return 2;
  assert.equal(value, key);
  if (way !== "do") assert.equal(times > failures, true, "it succeeded before its time");
  return 2;
};

export const aFuture: Story = async (setting) => {
  const { cluster, model, random } = setting;
  const since = model.since;
  const [from, owner, reader] = [model.anyone(), model.anyone(), model.anyone()];
  const work = newWork(setting, random(5) === 0 ? 1 : 0);
  const outcome = await outcomeOf(cluster.remoteCallFetch(shareFuture, from, owner, reader, work));
  const involved = [from, owner, reader];
  const both = model.judge(outcome, since, involved);
  if (both === undefined) return 4;
  const there = model.judge(both[0], since, involved);
  for (const got of [both[1], ...(there === undefined ? [] : [there])]) {
    if (work.failures > 0 && "error" in got && got.error === "RemoteError RangeError") continue;
    const value = judgeHeld(setting, got, since, involved);
    if (value !== undefined) assert.equal(value, work.key);
  }
  assert.ok((begun.get(work.key) ?? 0) <= 1, "one call ran twice");
  return 4;
};

export const anEmptyFuture: Story = async (setting) => {
  const { cluster, model } = setting;
  const since = model.since;
  const [from, owner, setter] = [model.anyone(), model.anyone(), model.anyone()];
  const key = model.newKey();
  const outcome = await outcomeOf(cluster.remoteCallFetch(setFuture, from, owner, setter, key));
  const involved = [from, owner, setter];
  const all = model.judge(outcome, since, involved);
  if (all === undefined) return 6;
  const [set, again, got] = all;
  judgeHeld(setting, set, since, involved);
  if (!("error" in again && again.error === "FutureAlreadySetError")) {
    assert.equal(judgeHeld(setting, again, since, involved), undefined, "it was set twice");
  }
  const value = judgeHeld(setting, got, since, involved);
  if (value !== undefined) assert.equal(value, key);
  return 6;
};

export const aChannel: Story = async (setting) => {
  const { cluster, model, random, hasCuts } = setting;
  const since = model.since;
  const isImpatient = !hasCuts && random(3) === 0;
  const consumers = Array.from({ length: isImpatient ? 1 : 1 + random(3) }, () => model.anyone());
  const plan = {
    owner: model.anyone(),
    producer: model.anyone(),
    consumers,
    isImpatient,
    capacity: random(4),
    count: 1 + random(8),
  };
  const from = model.anyone();
  const involved = [from, plan.owner, plan.producer, ...consumers];
  const outcome = await outcomeOf(cluster.remoteCallFetch(useChannel, from, plan));
  const isCalm = model.isCalm(since, ...involved);
  const both = model.judge(outcome, since, involved);
  const steps = 4 + consumers.length + 2 * plan.count;
  if (both === undefined) return steps;
  const [putOutcome, takenOutcomes] = both;
  const put = model.judge(putOutcome, since, involved);
  if (put !== undefined && !("error" in put && put.error === "ChannelClosedError" && !isCalm)) {
    judgeHeld(setting, put, since, involved);
  }
  const taken: number[] = [];
  for (const each of takenOutcomes) {
    const what = model.judge(each, since, involved);
    if (what === undefined) continue;
    // What goes back when a wait ends without its taker may be overtaken by what is taken next.
    if (!isImpatient && (isCalm || consumers.length === 1)) {
      const isOrdered = what.values.every((value, index) => index === 0 || what.values[index - 1]! < value);
      assert.ok(isOrdered, `values came out of order: ${what.values.join(", ")}`);
    }
    judgeEnd(setting, what, isImpatient, since, involved);
    taken.push(...what.values);
  }
  assert.equal(new Set(taken).size, taken.length, `a value came out twice: ${taken.join(", ")}`);
  if (isCalm) {
    assert.deepEqual(
      taken.toSorted((one, other) => one - other),
      Array.from({ length: plan.count }, (_, value) => value),
    );
  }
  return steps;
};

function judgeEnd(
  setting: Setting,
  { error }: Taken,
  isImpatient: boolean,
  since: Model["since"],
  involved: readonly number[],
): void {
  if (error === undefined) return;
  const isGivenUp = error === "AbortError" || (error === "ChannelClosedError" && isImpatient);
  if (isGivenUp) assert.ok(!setting.model.isCalm(since, ...involved), `${error} for no reason`);
  else if (error !== "ChannelClosedError") judgeHeld(setting, { error }, since, involved);
}

/** As the model judges; a reference may also be lost with the process that passed it on. */
function judgeHeld<T>(
  { model }: Setting,
  outcome: Outcome<T>,
  since: Model["since"],
  involved: readonly number[],
): T | undefined {
  const isLost = "error" in outcome && /ReferenceReleasedError|AbortError/.test(outcome.error);
  if (isLost && !model.isCalm(since, ...involved)) return undefined;
  return model.judge(outcome, since, involved);
}

export const aMap: Story = async (setting) => {
  const { cluster, model, random } = setting;
  const since = model.since;
  const from = model.anyone();
  const items = Array.from({ length: random(9) }, () => newWork(setting, random(4) === 0 ? random(4) : 0));
  const plan = {
    items,
    retries: random(3),
    batch: 1 + random(3),
    abortAfter: random(6) === 0 ? random(10) : undefined,
  };
  const outcome = await outcomeOf(cluster.remoteCallFetch(map, from, plan));
  const steps = 1 + items.length;
  const result = model.judge(outcome, since, [from]);
  if (result === undefined) return steps;
  if ("error" in result && result.error === "AbortError" && plan.abortAfter !== undefined) return steps;
  const involved = result !== undefined && "error" in result ? model.everyone : [];
  const isCalm = model.isCalm(since, ...model.everyone);
  const values = model.judge(result, since, involved);
  if (values === undefined) return steps;
  assert.equal(values.length, items.length);
  for (const [index, { key, failures }] of items.entries()) {
    const isFailure = failures > plan.retries;
    if (values[index] === key && (!isFailure || !isCalm)) continue;
    // An attempt that was interrupted has failed too, and uses up a retry.
    const mayFail = isFailure || (!isCalm && failures > 0 && plan.retries > 0);
    assert.ok(
      mayFail && values[index] === -key,
      `item ${key}, to fail ${failures} times, gave ${values[index]} after ${begun.get(key)} with ${plan.retries} retries and batches of ${plan.batch}`,
    );
  }
  return steps;
};

export const aLoop: Story = async ({ cluster, model, random }) => {
  const since = model.since;
  const from = model.anyone();
  const count = 1 + random(30);
  const outcome = await outcomeOf(cluster.remoteCallFetch(loop, from, count));
  const result = model.judge(outcome, since, [from]);
  if (result === undefined) return 2;
  const value = model.judge(result, since, model.everyone);
  const expected = Array.from({ length: count }, (_, index) => index).join(" ");
  if (value !== undefined) assert.equal(value, expected);
  return 2;
};
