import type { FunctionReference } from "../functions/function-reference.js";
import { WorkerPool, type PoolContext } from "./worker-pool.js";

export interface CachingPoolContext extends PoolContext {
  /** Lets all workers forget the function. It is sent again if it is called again. */
  readonly forget: (reference: FunctionReference) => void;
}

interface KeptFunction {
  /** Calls and maps that are using it. */
  uses: number;
  isCleared: boolean;
}

/**
 * A pool whose functions, with all that they capture, stay with its workers from the first call on until `clear`, or the
 * end of a `using` block: large data that a closure captures travels once to each worker, and leaves it when you say
 * so. Made by `Cluster.cachingPool`.
 *
 * @example
 * using pool = cluster.cachingPool();
 * const find = cluster.remote((word: string) => dictionary.get(word), pool);
 */
export class CachingPool extends WorkerPool implements Disposable {
  readonly #forget: (reference: FunctionReference) => void;
  readonly #kept = new Map<FunctionReference, KeptFunction>();

  constructor(context: CachingPoolContext, pids: Iterable<number>) {
    super(context, pids);
    this.#forget = context.forget;
  }

  /** Functions that the pool keeps on its workers. */
  get functions(): number {
    return this.#kept.size;
  }

  /** Keeps a function that is about to be called. Returns how to say that the call has ended. */
  keep(reference: FunctionReference): () => void {
    let kept = this.#kept.get(reference);
    if (kept === undefined) {
      kept = { uses: 0, isCleared: false };
      this.#kept.set(reference, kept);
    }
    kept.uses++;
    kept.isCleared = false;
    const mine = kept;
    return () => {
      mine.uses--;
      this.#forgetUnused(reference, mine);
    };
  }

  /** Lets the workers forget the functions: those that are being called, as soon as their calls have ended. */
  clear(): void {
    for (const [reference, kept] of this.#kept) {
      kept.isCleared = true;
      this.#forgetUnused(reference, kept);
    }
  }

  [Symbol.dispose](): void {
    this.clear();
  }

  #forgetUnused(reference: FunctionReference, kept: KeptFunction): void {
    if (!kept.isCleared || kept.uses > 0) return;
    this.#kept.delete(reference);
    this.#forget(reference);
  }
}
