import type { ReferenceId } from "./reference-id.js";
import type { HolderChange } from "./reference-table.js";

/** Changes that go in one message: as many as surely fit into one frame, which nothing overtakes. */
const MAX_CHANGES = 1_000;

/**
 * Changes of who holds what that an owner has not been told. Those that cancel each other out never are. What adds a holder
 * is told before what takes one away, so that no value is without a holder in between.
 */
export class HolderChanges {
  readonly #more = new Map<string, HolderChange>();
  readonly #less = new Map<string, HolderChange>();

  get isEmpty(): boolean {
    return this.#more.size === 0 && this.#less.size === 0;
  }

  add({ creator, number }: ReferenceId, holder: number, added: number): void {
    const key = `${creator}.${number}.${holder}`;
    const known = this.#more.get(key) ?? this.#less.get(key);
    if (known !== undefined) (known[3] > 0 ? this.#more : this.#less).delete(key);
    const sum = (known?.[3] ?? 0) + added;
    if (sum !== 0) (sum > 0 ? this.#more : this.#less).set(key, [creator, number, holder, sum]);
  }

  /** Takes out what is to be told next. */
  take(): HolderChange[] {
    const taken: HolderChange[] = [];
    for (const changes of [this.#more, this.#less]) {
      for (const [key, change] of changes) {
        if (taken.length === MAX_CHANGES) return taken;
        changes.delete(key);
        taken.push(change);
      }
    }
    return taken;
  }
}
