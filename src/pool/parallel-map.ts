import type { ItemsIterator } from "./items.js";
import { staysHere } from "../protocol/stays-here.js";
import { withCallSite } from "../rpc/call-site.js";
import { deferred, type Deferred } from "../util/deferred.js";
import type { CheckedMapOptions } from "./map-options.js";
import { MapRun, type MapContext, type MapEnd } from "./map-run.js";

/**
 * A map under way; it began when it was made. Awaited, it gives all results in the order of the input. Iterated, it
 * gives each as `order` says, and goes no further ahead than its reader and its workers need. It ends when all items
 * are done, with the first error, or when it is aborted or its iteration is left; what is then still running on the
 * workers is abandoned. Each result is handed out once: await it or iterate it, not both.
 */
export class ParallelMap<T, R> implements Promise<R[]>, AsyncIterable<R> {
  readonly [Symbol.toStringTag] = "ParallelMap";
  readonly #order: "input" | "finished";
  readonly #run: MapRun<T, R>;
  readonly #results: (readonly [index: number, result: R])[] = [];
  readonly #all = deferred<R[]>();
  #reader: Deferred<void> | undefined;
  #isIterated = false;
  #isAwaited = false;
  #end: MapEnd | undefined;
  /** Its stack shows the code that made the map; nothing is made of it unless it is needed. */
  readonly #site = new Error();

  constructor(context: MapContext, input: ItemsIterator<T>, options: CheckedMapOptions<T>) {
    this.#order = options.order;
    this.#all.promise.catch(() => {});
    this.#run = new MapRun<T, R>(context, input, options, {
      unread: () => (this.#isIterated ? this.#results.length : undefined),
      take: (entries) => {
        for (const entry of entries) this.#results.push(entry);
        this.#reader?.resolve();
      },
      end: (end) => this.#ended(end),
    });
    void this.#run.start();
  }

  /** @internal */
  get [staysHere](): string {
    return "await it and send its results";
  }

  then<A = R[], B = never>(
    onResult?: ((results: R[]) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    if (this.#isIterated) return Promise.reject(handedOutAlready()).then(onResult, onError);
    this.#isAwaited = true;
    return this.#all.promise.then(onResult, onError);
  }

  catch<B = never>(onError?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<R[] | B> {
    return this.then(undefined, onError);
  }

  finally(onEnd?: (() => void) | null): Promise<R[]> {
    return this.then().finally(onEnd);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<R, void, void> {
    for await (const [, result] of this.entries()) yield result;
  }

  /** Iterates pairs of an item's position in the input and its result. */
  async *entries(): AsyncGenerator<readonly [index: number, result: R], void, void> {
    if (this.#isIterated || this.#isAwaited) throw handedOutAlready();
    this.#isIterated = true;
    try {
      for (;;) {
        const next = this.#results.shift();
        if (next !== undefined) {
          this.#run.pump();
          yield next;
        } else if (this.#end === undefined) {
          this.#reader = deferred();
          await this.#reader.promise;
        } else if ("error" in this.#end) throw this.#end.error;
        else return;
      }
    } finally {
      this.#run.finish({ error: new TypeError("the iteration of this pmap was left") });
    }
  }

  #ended(end: MapEnd): void {
    this.#end = end;
    if (!("error" in end)) this.#all.resolve(this.#isIterated ? [] : this.#inOrder());
    else {
      withCallSite(end.error, this.#site);
      this.#all.reject(end.error);
      // Nobody has asked for the outcome yet, and perhaps nobody will: then it must not pass in silence.
      if (!this.#isIterated && !this.#isAwaited) setImmediate(() => this.#reportUnheard(end.error));
    }
    this.#reader?.resolve();
  }

  #reportUnheard(error: unknown): void {
    if (!this.#isIterated && !this.#isAwaited) void Promise.reject(error);
  }

  #inOrder(): R[] {
    if (this.#order === "input") return this.#results.map(([, result]) => result);
    return this.#results.toSorted(([a], [b]) => a - b).map(([, result]) => result);
  }
}

function handedOutAlready(): TypeError {
  return new TypeError("the results of a pmap are handed out once: it has been awaited or iterated already");
}
