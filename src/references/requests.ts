import { SeenNumbers } from "./seen-numbers.js";

/** A request of another process that may have to wait. */
export interface Request {
  /** What withdraws it while it waits; set by whoever lets it wait. */
  withdraw: (() => void) | undefined;
}

interface FromCaller {
  readonly waiting: Map<number, Request>;
  readonly seen: SeenNumbers;
  /** Withdrawn before they came: a withdrawal is small and may overtake a request that brings a large value. */
  readonly withdrawn: Set<number>;
}

/** Requests that wait at the owner of a reference, by who made them and by their number there. */
export class Requests {
  readonly #callers = new Map<number, FromCaller>();
  readonly #exited = new Set<number>();

  /** Requests that wait. */
  get size(): number {
    let size = 0;
    for (const { waiting } of this.#callers.values()) size += waiting.size;
    return size;
  }

  /** Undefined if it has been withdrawn already, or nobody is left to hear the answer. */
  begin(caller: number, number: number): Request | undefined {
    if (this.#exited.has(caller)) return undefined;
    const from = this.#from(caller);
    from.seen.add(number);
    if (from.withdrawn.delete(number)) return undefined;
    const request: Request = { withdraw: undefined };
    from.waiting.set(number, request);
    return request;
  }

  end(caller: number, number: number): void {
    this.#callers.get(caller)?.waiting.delete(number);
  }

  withdraw(caller: number, number: number): void {
    if (this.#exited.has(caller)) return;
    const from = this.#from(caller);
    const request = from.waiting.get(number);
    if (request !== undefined) request.withdraw?.();
    else if (!from.seen.has(number)) from.withdrawn.add(number);
  }

  /** Nobody is left to hear the answers. */
  exited(caller: number): void {
    this.#exited.add(caller);
    const from = this.#callers.get(caller);
    this.#callers.delete(caller);
    for (const request of from?.waiting.values() ?? []) request.withdraw?.();
  }

  #from(caller: number): FromCaller {
    let from = this.#callers.get(caller);
    if (from === undefined) {
      from = { waiting: new Map(), seen: new SeenNumbers(), withdrawn: new Set() };
      this.#callers.set(caller, from);
    }
    return from;
  }
}
