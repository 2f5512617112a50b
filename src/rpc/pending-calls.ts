/** Who waits for a reply. Exactly one of the two is called, once. */
export interface PendingCall {
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/** The caller has given up, the reply is still to come: the slot stays taken until then. */
class AbandonedCall implements PendingCall {
  readonly resolve: () => void;
  readonly reject: () => void;

  constructor(ended: () => void) {
    this.resolve = ended;
    this.reject = ended;
  }
}

const abandoned = new AbandonedCall(() => {});

/** Nobody will see the reply. */
export function isAbandoned(call: PendingCall): boolean {
  return call instanceof AbandonedCall;
}

/**
 * Calls that wait for their reply, by id. Every call is answered exactly once, cancelled ones too, and an id is given
 * to another call only after that answer; so a slot number is all an id needs to be, and a late reply can never be
 * taken for another one's.
 */
export class PendingCalls {
  readonly #slots: (PendingCall | undefined)[] = [];
  readonly #free: number[] = [];
  /** Ids of answered calls that must not be used again yet. */
  readonly #kept = new Set<number>();
  #abandoned = 0;

  /** Calls without a reply, the abandoned ones not counted. */
  get size(): number {
    return this.#slots.length - this.#free.length - this.#kept.size - this.#abandoned;
  }

  add(call: PendingCall): number {
    const id = this.#free.pop();
    if (id === undefined) return this.#slots.push(call) - 1;
    this.#slots[id] = call;
    return id;
  }

  /**
   * Takes the call with this id out, to be settled; undefined if no such call waits. With `keepsId` the id is given to
   * no other call before `free`.
   */
  take(id: number, keepsId = false): PendingCall | undefined {
    const call = this.#slots[id];
    if (call === undefined) return undefined;
    this.#slots[id] = undefined;
    if (call instanceof AbandonedCall) this.#abandoned--;
    if (keepsId) this.#kept.add(id);
    else this.#free.push(id);
    return call;
  }

  /** Another call may have an id that was kept. */
  free(id: number): void {
    if (this.#kept.delete(id)) this.#free.push(id);
  }

  /**
   * The caller no longer waits; the reply will be dropped. Calls `ended` when it comes, or can come no more. False if the
   * call has been given up, or settled, already.
   */
  abandon(id: number, ended?: () => void): boolean {
    if (this.#slots[id] === undefined || this.#slots[id] instanceof AbandonedCall) return false;
    this.#slots[id] = ended === undefined ? abandoned : new AbandonedCall(ended);
    this.#abandoned++;
    return true;
  }

  /** Fails everything that waits. */
  rejectAll(reason: unknown): void {
    const calls = this.#slots.splice(0);
    this.#free.length = 0;
    this.#kept.clear();
    this.#abandoned = 0;
    for (const call of calls) call?.reject(reason);
  }
}
