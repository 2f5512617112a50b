import assert from "node:assert/strict";
import { letGo, letGoOfAll, look, make, moveTo, passTo } from "../../references/fixtures/holding.js";
import { outcomeOf } from "./acting.js";
import type { Since } from "./model.js";
import type { Setting } from "./stories.js";

/** A channel with one value, and who holds it. */
interface Held {
  readonly key: number;
  readonly owner: number;
  readonly holders: Set<number>;
  /** Everybody who has had it: one who dies may take along what it has just passed on. */
  readonly hands: Set<number>;
  readonly since: Since;
}

/** References that are kept for long, passed on from process to process, and let go in the end. */
export class Holdings {
  readonly #setting: Setting;
  /** Those that nothing is being done with. */
  readonly #idle: Held[] = [];

  constructor(setting: Setting) {
    this.#setting = setting;
  }

  async act(): Promise<number> {
    const { random } = this.#setting;
    const at = random(Math.max(20, this.#idle.length));
    const held = this.#idle[at];
    if (held === undefined) return this.#make();
    this.#idle[at] = this.#idle.at(-1)!;
    this.#idle.pop();
    await this.#use(held);
    return 1;
  }

  async letGoOfAll(): Promise<void> {
    const { cluster } = this.#setting;
    this.#idle.length = 0;
    await Promise.all(cluster.procs().map((pid) => cluster.remoteCallFetch(letGoOfAll, pid)));
  }

  async #make(): Promise<number> {
    const { model } = this.#setting;
    const key = model.newKey();
    const [creator, owner] = [model.anyone(), model.anyone()];
    const held: Held = { key, owner, holders: new Set(), hands: new Set([creator]), since: model.since };
    const isMade = await this.#do(held, [creator, owner], make, creator, key, owner);
    if (isMade) this.#keep(held, [creator]);
    return 2;
  }

  async #use(held: Held): Promise<void> {
    const { model, random } = this.#setting;
    const { key, holders } = held;
    const present = this.#present(holders);
    if (present.length === 0) return;
    const [from, to] = [model.pick(present), model.anyone()];
    const action = random(10);
    if (action < 3) {
      held.hands.add(to);
      if (await this.#do(held, [from, to], passTo, from, key, to)) holders.add(to);
    } else if (action < 5 && from !== to) {
      held.hands.add(to);
      if (await this.#do(held, [from, to], moveTo, from, key, to)) {
        holders.add(to);
        holders.delete(from);
      }
    } else if (action < 8) await this.#look(held, from);
    else if (await this.#do(held, [from], letGo, from, key)) holders.delete(from);
    this.#keep(held, []);
  }

  async #look({ key, owner, hands, since }: Held, from: number): Promise<void> {
    const { cluster, model } = this.#setting;
    const outcome = await outcomeOf(cluster.remoteCallFetch(look, from, key));
    const value = model.judge(outcome, since, [from]);
    if (value === undefined || value === key) return;
    if ((value === "ReferenceReleasedError" || value === "Error") && !model.isCalm(since, ...hands)) return;
    model.judge({ error: String(value) }, since, [from, owner]);
  }

  async #do<A extends readonly unknown[]>(
    { since, hands }: Held,
    involved: readonly number[],
    fn: (...args: A) => unknown,
    pid: number,
    ...args: A
  ): Promise<boolean> {
    const { cluster, model } = this.#setting;
    const outcome = await outcomeOf(cluster.remoteCallFetch(fn, pid, ...args));
    // What was interrupted may go on unheard, and let go of it, also while the next one is about to send it.
    const isLetGo =
      "error" in outcome && /^(RemoteError Error|(RemoteError )?SerializationError)$/.test(outcome.error);
    if (!isLetGo || model.isCalm(since, ...hands)) model.judge(outcome, since, involved);
    return "value" in outcome;
  }

  #present(holders: ReadonlySet<number>): number[] {
    const { workers } = this.#setting.model;
    return [...holders].filter((pid) => pid === 1 || workers.includes(pid));
  }

  #keep(held: Held, holders: readonly number[]): void {
    for (const pid of holders) held.holders.add(pid);
    assert.ok(!this.#idle.includes(held));
    if (this.#present(held.holders).length > 0) this.#idle.push(held);
  }
}
