import { SeenNumbers } from "./seen-numbers.js";

/** What became of the call, or the assignment, that gives a reference its value. */
export type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** One value that lives in this process, and who holds a reference to it. */
export class StoredReference {
  /** The message that creates it has come. Before that others may already have told of it, or ask for it. */
  isBegun = false;
  isDropped = false;
  outcome: Outcome | undefined;
  /** A future that is not the result of a call: it may be set once, from anywhere. */
  isAssignable = false;
  /** How many references each process has been sent, less those it let go. Never zero. */
  readonly holders = new Map<number, number>();
  /** Told of every change of the fields above. */
  readonly listeners = new Set<() => void>();

  get isHeld(): boolean {
    for (const count of this.holders.values()) if (count > 0) return true;
    return false;
  }

  changed(): void {
    for (const listener of this.listeners) listener();
  }
}

/** That a process holds a reference so many times more, or less. */
export type HolderChange = readonly [creator: number, number: number, holder: number, added: number];

interface FromCreator {
  readonly stored: Map<number, StoredReference>;
  /** Numbers whose creating message has come: such a one that is not stored has been released. */
  readonly seen: SeenNumbers;
}

/**
 * The values that live in one process, by the reference's creator and number, each with the processes that hold a
 * reference to it. A value is dropped when no process has a count above zero left. A count may fall below zero for
 * a moment, when what a process lets go is told before the sender tells that it was sent: the sender still holds it then,
 * because it tells of its own letting go after that.
 */
export class ReferenceTable {
  readonly #creators = new Map<number, FromCreator>();
  readonly #exited = new Set<number>();
  readonly #onDropped: (outcome: Outcome) => void;
  #size = 0;

  /** `onDropped` gets what a reference held when it is dropped. */
  constructor(onDropped: (outcome: Outcome) => void = () => {}) {
    this.#onDropped = onDropped;
  }

  /** References that are stored, or expected because others told of them. */
  get size(): number {
    return this.#size;
  }

  hasExited(pid: number): boolean {
    return this.#exited.has(pid);
  }

  /** Undefined: nothing has been heard of it, so that it may still be on its way. */
  find(creator: number, number: number): StoredReference | "released" | undefined {
    const from = this.#creators.get(creator);
    return from?.stored.get(number) ?? (from?.seen.has(number) === true ? "released" : undefined);
  }

  /** As `find`, but makes an entry for one that has not come yet. */
  expect(creator: number, number: number): StoredReference | "released" {
    return this.find(creator, number) ?? this.#add(creator, number);
  }

  /** The creating message has come; its sender holds the reference. Undefined if it has let go of it already. */
  begin(creator: number, number: number): StoredReference | undefined {
    const stored = this.expect(creator, number);
    if (stored === "released" || stored.isBegun) return undefined;
    this.#from(creator).seen.add(number);
    stored.isBegun = true;
    if (!this.#exited.has(creator)) count(stored, creator, 1);
    this.#sweep(creator, number, stored);
    if (stored.isDropped) return undefined;
    stored.changed();
    return stored;
  }

  /** Gives it its value or its error. Does nothing for one that nobody holds any more. */
  settle(creator: number, number: number, outcome: Outcome): void {
    const stored = this.find(creator, number);
    if (stored === undefined || stored === "released") return this.#onDropped(outcome);
    stored.outcome = outcome;
    stored.changed();
  }

  /** Adds to the counts of holders. All changes count as told at the same moment, in whatever order they stand. */
  change(changes: readonly HolderChange[]): void {
    for (const [creator, number, holder, added] of changes) {
      if (this.#exited.has(holder)) continue;
      const stored = this.expect(creator, number);
      if (stored !== "released") count(stored, holder, added);
    }
    for (const [creator, number] of changes) this.#sweepFound(creator, number);
  }

  /** Nobody waits for one that has not come; it is forgotten unless its holders are known already. */
  unexpect(creator: number, number: number): void {
    this.#sweepFound(creator, number);
  }

  /** Drops one that has come, whoever holds it. */
  end(creator: number, number: number): void {
    const stored = this.find(creator, number);
    if (stored instanceof StoredReference && stored.isBegun) this.#drop(creator, number, stored);
  }

  /** The process is gone, and with it what it held. What it was about to create does not come any more. */
  exited(pid: number): void {
    this.#exited.add(pid);
    for (const [creator, { stored }] of this.#creators) {
      for (const [number, reference] of stored) {
        reference.holders.delete(pid);
        if (creator === pid && !reference.isBegun) this.#drop(creator, number, reference);
        else this.#sweep(creator, number, reference);
      }
    }
  }

  #add(creator: number, number: number): StoredReference {
    const stored = new StoredReference();
    this.#from(creator).stored.set(number, stored);
    this.#size++;
    return stored;
  }

  #from(creator: number): FromCreator {
    let from = this.#creators.get(creator);
    if (from === undefined) {
      from = { stored: new Map(), seen: new SeenNumbers() };
      this.#creators.set(creator, from);
    }
    return from;
  }

  #sweepFound(creator: number, number: number): void {
    const stored = this.find(creator, number);
    if (stored instanceof StoredReference) this.#sweep(creator, number, stored);
  }

  #sweep(creator: number, number: number, stored: StoredReference): void {
    if (stored.isDropped || stored.isHeld) return;
    if (stored.isBegun || (stored.holders.size === 0 && stored.listeners.size === 0)) {
      this.#drop(creator, number, stored);
    }
  }

  #drop(creator: number, number: number, stored: StoredReference): void {
    stored.isDropped = true;
    this.#from(creator).stored.delete(number);
    this.#size--;
    const { outcome } = stored;
    stored.changed();
    if (outcome !== undefined) this.#onDropped(outcome);
  }
}

function count({ holders }: StoredReference, pid: number, added: number): void {
  const sum = (holders.get(pid) ?? 0) + added;
  if (sum === 0) holders.delete(pid);
  else holders.set(pid, sum);
}
