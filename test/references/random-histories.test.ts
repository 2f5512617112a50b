import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cluster } from "#dist/index.js";
import { newSeed, seeded, type Random } from "../fixtures/random.js";
import { launchedId } from "../cluster/memory-cluster.js";
import { forgetProcess, letGo, look, make, moveTo, passTo } from "./fixtures/holding.js";
import { nothingHeld, referenceCluster } from "./reference-cluster.js";

const WORKERS = 5;
const STEPS = 60;
const AT_ONCE = 4;

interface Held {
  readonly key: number;
  readonly owner: number;
  readonly holders: Set<number>;
}

/** Makes, passes on, looks at and lets go of channels in all processes, and ends some processes. */
class History {
  readonly #cluster: Cluster;
  readonly #random: Random;
  readonly #alive = [1];
  #held: Held[] = [];
  #nextKey = 1;

  constructor(cluster: Cluster, random: Random) {
    this.#cluster = cluster;
    this.#random = random;
    this.#alive.push(...cluster.workers());
  }

  /** A few things at once, each with a reference of its own. */
  async step(): Promise<void> {
    const free = [...this.#held];
    const running: Promise<void>[] = [];
    for (let n = 0; n < AT_ONCE; n++) {
      const reference = free.splice(this.#random(Math.max(1, free.length)), 1)[0];
      running.push(reference === undefined || this.#random(4) === 0 ? this.#make() : this.#act(reference));
    }
    await Promise.all(running);
    this.#held = this.#held.filter(({ holders }) => holders.size > 0);
  }

  async crash(end: (pid: number) => void): Promise<void> {
    const pid = this.#alive.splice(1 + this.#random(this.#alive.length - 1), 1)[0]!;
    const exited = new Promise<void>((resolve) => this.#cluster.on("exited", () => resolve()));
    end(pid);
    await exited;
    forgetProcess(pid);
    for (const { holders } of this.#held) holders.delete(pid);
    this.#held = this.#held.filter(({ holders }) => holders.size > 0);
  }

  async letGoOfAll(): Promise<void> {
    for (const { key, holders } of this.#held) {
      for (const pid of holders) await this.#cluster.remoteCallFetch(letGo, pid, key);
    }
  }

  async #make(): Promise<void> {
    const key = this.#nextKey++;
    const [creator, owner] = [this.#any(this.#alive), this.#any(this.#alive)];
    await this.#cluster.remoteCallFetch(make, creator, key, owner);
    this.#held.push({ key, owner, holders: new Set([creator]) });
  }

  async #act({ key, owner, holders }: Held): Promise<void> {
    const from = this.#any([...holders]);
    const to = this.#any(this.#alive);
    const action = this.#random(10);
    if (action < 3) {
      await this.#cluster.remoteCallFetch(passTo, from, key, to);
      holders.add(to);
    } else if (action < 5 && from !== to) {
      await this.#cluster.remoteCallFetch(moveTo, from, key, to);
      holders.add(to);
      holders.delete(from);
    } else if (action < 8) {
      const expected = this.#alive.includes(owner) ? key : "ProcessExitedError";
      assert.equal(await this.#cluster.remoteCallFetch(look, from, key), expected, `${key} at ${from}`);
    } else {
      await this.#cluster.remoteCallFetch(letGo, from, key);
      holders.delete(from);
    }
  }

  #any<T>(values: readonly T[]): T {
    return values[this.#random(values.length)]!;
  }
}

void test("whatever processes do with references, and whoever of them dies, nothing is lost and nothing is left", async (context) => {
  const random = seeded(newSeed(context));
  for (let round = 0; round < 5; round++) {
    const { cluster, memory, end } = await referenceCluster(context, WORKERS);
    const history = new History(cluster, random);
    for (let step = 0; step < STEPS; step++) {
      if (step % 20 === 19) await history.crash((pid) => memory.crash(launchedId(cluster, pid)));
      await history.step();
    }
    await history.letGoOfAll();
    await nothingHeld(cluster);
    await end();
  }
});
