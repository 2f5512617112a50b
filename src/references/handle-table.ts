import type { ReferenceId } from "./reference-id.js";
import type { Reference } from "./reference.js";

/** That this process holds a reference: how often it was sent here, and whether that has been paid back. */
export class Hold {
  /** Times that the owner counts, or will count, for this process. */
  arrivals = 1;
  isReleased = false;

  constructor(readonly id: ReferenceId) {}
}

/**
 * The references that a process holds. Each is there once, as one object, however often it arrives; the table does not keep
 * that object alive.
 */
export class HandleTable {
  readonly #handles = new Map<string, { readonly hold: Hold; readonly reference: WeakRef<Reference> }>();
  readonly #collected = new FinalizationRegistry<Hold>((hold) => this.release(hold));
  readonly #onReleased: (id: ReferenceId, arrivals: number) => void;

  /** `onReleased` is told that this process holds a reference so many times less. */
  constructor(onReleased: (id: ReferenceId, arrivals: number) => void) {
    this.#onReleased = onReleased;
  }

  /** References that are held, also those of which nobody but the garbage collector will hear. */
  get size(): number {
    return this.#handles.size;
  }

  /** A reference that was made here, or has arrived: the object that stands for it, made by `make` if it is new here. */
  arrive<T extends Reference>(id: ReferenceId, make: (hold: Hold) => T): T {
    const key = keyOf(id);
    const known = this.#handles.get(key);
    const reference = known?.reference.deref();
    if (known !== undefined && reference !== undefined) {
      known.hold.arrivals++;
      return reference as T;
    }
    // The object of an earlier hold may be gone without the registry having said so yet; that one is paid back on its own.
    const hold = new Hold(id);
    const made = make(hold);
    this.#handles.set(key, { hold, reference: new WeakRef(made) });
    this.#collected.register(made, hold, hold);
    return made;
  }

  /** The process lets go of it, however often it arrived. */
  release(hold: Hold): void {
    if (!hold.isReleased) this.#end(hold, hold.arrivals);
  }

  /** It arrived once with a value that nobody will see. */
  unarrive(hold: Hold): void {
    if (hold.isReleased) return;
    if (hold.arrivals === 1) return this.#end(hold, 1);
    hold.arrivals--;
    this.#onReleased(hold.id, 1);
  }

  #end(hold: Hold, arrivals: number): void {
    hold.isReleased = true;
    const key = keyOf(hold.id);
    if (this.#handles.get(key)?.hold === hold) this.#handles.delete(key);
    this.#collected.unregister(hold);
    this.#onReleased(hold.id, arrivals);
  }
}

function keyOf({ owner, creator, number }: ReferenceId): string {
  return `${owner}.${creator}.${number}`;
}
