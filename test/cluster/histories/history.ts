import assert from "node:assert/strict";
import { cut, drain, interrupt, join, kill, remove, type Change, type Changing } from "./changes.js";
import { seen } from "./acting.js";
import { Holdings } from "./holdings.js";
import { aCall, aChannel, aFuture, aLoop, anEmptyFuture, aMap, type Story } from "./stories.js";

/** How many stories go on at once. */
const AT_ONCE = 48;
/** Whatever goes on must have ended so long after the last step. */
const QUIET_MS = 20_000;

const stories: readonly (readonly [Story, share: number])[] = [
  [aCall, 50],
  [aFuture, 12],
  [anEmptyFuture, 8],
  [aChannel, 12],
  [aMap, 5],
  [aLoop, 2],
];

/** Operations and changes at random, many at once, each checked against the model when it has ended. */
export class History {
  readonly #changing: Changing;
  readonly #holdings: Holdings;
  /** What goes on, by what it is called in a message. */
  readonly #underWay = new Map<number, string>();
  #lastStory = 0;
  #failure: { readonly error: unknown } | undefined;
  #wake = (): void => {};
  #steps = 0;

  constructor(changing: Changing) {
    this.#changing = changing;
    this.#holdings = new Holdings(changing);
  }

  /** Operations that have ended. */
  get steps(): number {
    return this.#steps;
  }

  /** Goes on for so many steps, and ends when all is quiet. */
  async run(steps: number): Promise<void> {
    while (this.#steps < steps) {
      while (this.#underWay.size >= AT_ONCE) await new Promise<void>((resolve) => (this.#wake = resolve));
      if (this.#failure !== undefined) break;
      this.#begin();
    }
    await this.#quiet();
    await this.#viewsAgree();
  }

  /** Lets go of every reference that is held anywhere. */
  letGoOfAll(): Promise<void> {
    return this.#holdings.letGoOfAll();
  }

  #begin(): void {
    const { model, random } = this.#changing;
    model.step++;
    const change = random(150) === 0 ? this.#someChange() : undefined;
    if (change !== undefined)
      return this.#follow(
        change.name,
        change(this.#changing).then(() => 1),
      );
    if (random(4) === 0) return this.#follow("holding", this.#holdings.act());
    let share = random(stories.reduce((sum, [, each]) => sum + each, 0));
    const [story] = stories.find(([, each]) => (share -= each) < 0)!;
    this.#follow(story.name, story(this.#changing));
  }

  #someChange(): Change {
    const { model, maxWorkers, hasCuts } = this.#changing;
    const isShort = model.untouched.length < maxWorkers / 2;
    const changes = [join, isShort ? join : remove, kill, drain, interrupt, hasCuts ? cut : join];
    return model.pick(changes);
  }

  #follow(name: string, story: Promise<number>): void {
    const number = ++this.#lastStory;
    this.#underWay.set(number, `${name} (step ${this.#changing.model.step})`);
    story
      .then(
        (steps) => void (this.#steps += steps),
        (error: unknown) => {
          if (error instanceof Error) error.message = `${this.#underWay.get(number)}: ${error.message}`;
          this.#failure ??= { error };
        },
      )
      .finally(() => {
        this.#underWay.delete(number);
        this.#wake();
      });
  }

  /** Resolves when nothing goes on any more; fails with what hangs, or with what has failed. */
  async #quiet(): Promise<void> {
    const end = performance.now() + QUIET_MS;
    while (this.#underWay.size > 0 && this.#failure === undefined) {
      assert.ok(performance.now() < end, `never ended: ${[...this.#underWay.values()].join(", ")}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #viewsAgree(): Promise<void> {
    const { cluster } = this.#changing;
    const procs = cluster.procs();
    assert.deepEqual(procs, [1, ...this.#changing.model.workers]);
    const views = await Promise.all(procs.map((pid) => cluster.remoteCallFetch(seen, pid)));
    assert.deepEqual(
      views,
      procs.map((pid) => ({ pid, procs })),
    );
  }
}
