import type { ReferenceId } from "./reference-id.js";
import type { Reference } from "./reference.js";

/** That this process was sent a reference, or made one, and has not let go of it. */
export class Hold {
  isReleased = false;

  constructor(readonly id: ReferenceId) {}
}

/**
 * The references that a process holds. Each time one arrives it is an object of its own, which is let go on its own: two
 * calls that were sent the same channel do not take it from each other. The table does not keep the objects alive.
 */
export class HandleTable {
  readonly #collected = new FinalizationRegistry<Hold>((hold) => this.release(hold));
  readonly #onReleased: (hold: Hold) => void;
  #size = 0;

  /** `onReleased` is told that this process holds a reference once less. */
  constructor(onReleased: (hold: Hold) => void) {
    this.#onReleased = onReleased;
  }

  /** Objects that are held, also those that are garbage already and have not been found. */
  get size(): number {
    return this.#size;
  }

  /** A reference that was made here, or has arrived. */
  add<T extends Reference>(id: ReferenceId, make: (hold: Hold) => T): T {
    const hold = new Hold(id);
    const reference = make(hold);
    this.#collected.register(reference, hold, hold);
    this.#size++;
    return reference;
  }

  release(hold: Hold): void {
    if (hold.isReleased) return;
    hold.isReleased = true;
    this.#size--;
    this.#collected.unregister(hold);
    this.#onReleased(hold);
  }
}
