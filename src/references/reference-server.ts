import { Answer } from "./answers.js";
import type { Subject } from "./operations.js";
import { Parcel } from "./parcel.js";
import { ReferenceTable, type HolderChange, type Outcome } from "./reference-table.js";
import { Requests, type Request } from "./requests.js";

export type Answering = Answer | Promise<Answer>;

export interface ReferenceServerOptions {
  /** Gets what a reference held that has been dropped. */
  readonly clear: (value: unknown) => void;
  /** How long a request waits for a reference of which nothing has been heard, in milliseconds. */
  readonly expectMs: number;
}

/** The owner's end of references: keeps their values, and answers requests as soon as they can be. */
export class ReferenceServer {
  readonly table: ReferenceTable;
  readonly requests = new Requests();
  readonly #expectMs: number;
  readonly #lastBatch = new Map<number, number>();

  constructor({ clear, expectMs }: ReferenceServerOptions) {
    this.table = new ReferenceTable((outcome) => {
      if ("value" in outcome) clear(outcome.value);
    });
    this.#expectMs = expectMs;
  }

  /** What a process tells of holders. Its batches come one after the other, but one may come twice. */
  change(teller: number, batch: number, changes: readonly HolderChange[]): void {
    if (batch <= (this.#lastBatch.get(teller) ?? 0)) return;
    this.#lastBatch.set(teller, batch);
    this.table.change(changes);
  }

  exited(pid: number): void {
    this.#lastBatch.delete(pid);
    this.requests.exited(pid);
    this.table.exited(pid);
  }

  makeFuture([creator, number]: Subject): Answer {
    const stored = this.table.begin(creator, number);
    if (stored === undefined) return [Answer.released];
    stored.isAssignable = true;
    return [Answer.done];
  }

  /** Keeps a value that was made here, at the request of another process. */
  keep([creator, number]: Subject, value: unknown): Answer {
    if (this.table.begin(creator, number) === undefined) return [Answer.released];
    this.table.settle(creator, number, { value });
    return [Answer.done];
  }

  set([creator, number]: Subject, parcel: Parcel): Answer {
    const stored = this.table.find(creator, number);
    if (stored === "released") return [Answer.released];
    if (stored === undefined) return [Answer.unknown];
    if (!stored.isAssignable || stored.outcome !== undefined) return [Answer.alreadySet];
    this.table.settle(creator, number, { value: parcel });
    return [Answer.done];
  }

  fetch(about: Subject): Answering {
    return this.whenSettled(about, (value) => [
      Answer.done,
      value instanceof Parcel ? value : new Parcel(value),
    ]);
  }

  wait(about: Subject): Answering {
    return this.whenSettled(about, () => [Answer.done]);
  }

  isSettled([creator, number]: Subject): Answer {
    const stored = this.table.find(creator, number);
    if (stored === "released") return [Answer.released];
    return [Answer.done, stored?.outcome !== undefined];
  }

  /** Answers once the reference has its value; throws its error. */
  whenSettled(about: Subject, answer: (value: unknown, request: Request) => Answering): Answering {
    const [creator, number, caller, requestNumber] = about;
    const request = this.requests.begin(caller, requestNumber);
    if (request === undefined) return [Answer.withdrawn];
    let isWaiting = false;
    try {
      const answering = this.#settled(creator, number, request, (outcome) => {
        if ("error" in outcome) throw outcome.error;
        return answer(outcome.value, request);
      });
      if (!(answering instanceof Promise)) return answering;
      isWaiting = true;
      return answering.finally(() => this.requests.end(caller, requestNumber));
    } finally {
      if (!isWaiting) this.requests.end(caller, requestNumber);
    }
  }

  #settled(
    creator: number,
    number: number,
    request: Request,
    use: (outcome: Outcome) => Answering,
  ): Answering {
    const stored = this.table.expect(creator, number);
    if (stored === "released") return [Answer.released];
    if (stored.outcome !== undefined) return use(stored.outcome);
    return new Promise((resolve, reject) => {
      const finish = (answer: () => Answering): void => {
        stored.listeners.delete(look);
        clearTimeout(timer);
        request.withdraw = undefined;
        this.table.unexpect(creator, number);
        try {
          resolve(answer());
        } catch (error) {
          reject(error);
        }
      };
      const look = (): void => {
        const { outcome } = stored;
        if (stored.isDropped) finish(() => [stored.isBegun ? Answer.released : Answer.unknown]);
        else if (outcome !== undefined) finish(() => use(outcome));
        else if (stored.isBegun) clearTimeout(timer);
      };
      const timer = stored.isBegun
        ? undefined
        : setTimeout(() => finish(() => [Answer.unknown]), this.#expectMs).unref();
      stored.listeners.add(look);
      request.withdraw = () => finish(() => [Answer.withdrawn]);
    });
  }
}
