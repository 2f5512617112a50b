import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { NoWorkersError } from "#dist/errors.js";
import { WorkerPool, type PoolContext } from "#dist/calls/worker-pool.js";
import { newSeed, seeded } from "../fixtures/random.js";

/** A cluster as far as a pool looks at it. */
class Surroundings implements PoolContext {
  readonly alive = new Set<number>();
  readonly events = new EventEmitter();
  empty: "this process" | "wait" | "fail" = "fail";
  #changes = 0;

  constructor(...pids: number[]) {
    for (const pid of pids) this.alive.add(pid);
  }

  readonly check = (pid: number): void => {
    if (!this.alive.has(pid)) throw new RangeError(`${pid} is not there`);
  };
  readonly directory = this;
  readonly localPid = 1;
  readonly callable = (): ReadonlySet<number> => this.alive;
  readonly refresh = (): void => {};
  readonly changes = (): number => this.#changes;
  readonly pushed = (): void => this.changed();
  readonly whenEmpty = (): "this process" | "wait" | "fail" => this.empty;
  readonly onChange = (listener: () => void): (() => void) => {
    this.events.on("change", listener);
    return () => this.events.off("change", listener);
  };

  leave(pid: number): void {
    this.alive.delete(pid);
    this.changed();
  }

  changed(): void {
    this.#changes++;
    this.events.emit("change");
  }
}

void test("each member is given to one user at a time, and those that wait are served in their order", async () => {
  const pool = new WorkerPool(new Surroundings(2, 3), [2, 3]);
  assert.deepEqual([await pool.take(), await pool.take()], [2, 3]);
  assert.deepEqual([pool.size, pool.free, pool.isReady], [2, 0, false]);
  const waiting = [pool.take(), pool.take()];
  pool.put(3);
  assert.equal(await waiting[0], 3);
  pool.put(2);
  assert.equal(await waiting[1], 2);
});

void test("a pool that is ready does not block: a member that is gone is neither free nor counted", async () => {
  const surroundings = new Surroundings(2, 3);
  const pool = new WorkerPool(surroundings, [2, 3]);
  surroundings.leave(2);
  assert.deepEqual([pool.size, pool.free, pool.workers, await pool.take()], [1, 0 + 1, [3], 3]);
  const waiting = pool.take();
  surroundings.leave(3);
  assert.equal(pool.isReady, false);
  await assert.rejects(waiting, NoWorkersError);
  await assert.rejects(pool.take(), { name: "NoWorkersError", message: /pool has no workers.*push/ });
  pool.put(3);
  assert.equal(pool.size, 0, "what is no member is not given back");
});

void test("a worker that is pushed serves those that wait, and is counted once", async () => {
  const surroundings = new Surroundings(2, 3);
  const pool = new WorkerPool(surroundings, [2]);
  await pool.take();
  const waiting = pool.take();
  pool.push(3).push(3);
  assert.equal(await waiting, 3);
  assert.deepEqual([pool.size, pool.free], [2, 0]);
  assert.throws(() => pool.push(9), /9 is not there/);
});

void test("wait resolves when a worker is free and takes none", async () => {
  const pool = new WorkerPool(new Surroundings(2), [2]);
  await pool.wait();
  assert.equal(await pool.take(), 2);
  const waits = [pool.wait(), pool.wait()];
  pool.put(2);
  await Promise.all(waits);
  assert.ok(pool.isReady);
});

void test("waits end with their signal or their time, and leave nothing behind", async () => {
  const surroundings = new Surroundings(2);
  const pool = new WorkerPool(surroundings, [2]);
  await pool.take();
  const controller = new AbortController();
  const reason = new Error("enough");
  const waiting = pool.take({ signal: controller.signal });
  const second = pool.take();
  controller.abort(reason);
  await assert.rejects(waiting, reason);
  await assert.rejects(pool.take({ signal: controller.signal }), reason);
  await assert.rejects(pool.wait({ timeoutMs: 5 }), {
    name: "CallTimeoutError",
    message: /within 5 ms; it has 1/,
  });
  pool.put(2);
  assert.equal(await second, 2, "who gave up takes no turn");
  assert.equal(surroundings.events.listenerCount("change"), 0);
  await assert.rejects(pool.take({ timeout: 5 } as never), /take: there is no option "timeout"/);
});

void test("an empty default pool hands out this process, or waits for workers on their way", async () => {
  const surroundings = new Surroundings(2);
  const pool = new WorkerPool(surroundings, []);
  surroundings.empty = "wait";
  const first = pool.take();
  surroundings.empty = "this process";
  surroundings.changed();
  assert.equal(await first, 1);
  pool.put(1);
  assert.equal(pool.size, 0);
});

void test("whatever happens to it, nobody shares a worker, nobody waits beside a free one, none is lost", async (context) => {
  const next = seeded(newSeed(context));
  for (let round = 0; round < 100; round++) {
    const surroundings = new Surroundings(2, 3, 4, 5, 6);
    const pool = new WorkerPool(surroundings, [2, 3]);
    const members = new Set([2, 3]);
    const held: number[] = [];
    let asked = 0;
    let answered = 0;
    let failed = 0;
    for (let step = 0; step < 60; step++) {
      const pid = 2 + next(5);
      switch (next(5)) {
        case 0:
          if (!surroundings.alive.has(pid)) break;
          pool.push(pid);
          members.add(pid);
          break;
        case 1:
          if (next(3) > 0) break;
          surroundings.leave(pid);
          members.delete(pid);
          break;
        case 2: {
          const given = held.splice(next(held.length || 1), 1)[0];
          if (given !== undefined) pool.put(given);
          break;
        }
        default:
          asked++;
          pool.take().then(
            (taken) => {
              answered++;
              assert.ok(!held.includes(taken), `${taken} is held twice`);
              held.push(taken);
            },
            () => failed++,
          );
      }
      await new Promise((resolve) => setImmediate(resolve));
      const heldMembers = held.filter((taken) => members.has(taken)).length;
      assert.equal(pool.size, members.size);
      assert.equal(pool.free, members.size - heldMembers, "a member is free or held");
      const waiting = asked - answered - failed;
      assert.ok(
        waiting === 0 || (pool.free === 0 && pool.size > 0),
        `${waiting} wait beside ${pool.free} free`,
      );
    }
  }
});
