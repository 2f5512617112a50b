import { staysHere } from "../protocol/stays-here.js";
import { isRecord, show } from "../util/option-checks.js";
import type { Reference } from "./reference.js";

/**
 * References that end together: those that were made with its methods, and those that it was given. Leaving the block of
 * `using scope = cluster.scope()` releases all of them; `await using` waits until their owners know.
 *
 * @example
 * await using scope = cluster.scope();
 * const jobs = await scope.channel<Job>({ capacity: 100 });
 * const results = scope.keep(await scope.channel<Result>({ capacity: 100 }));
 */
export abstract class ReferenceScope implements Disposable, AsyncDisposable {
  readonly #references = new Set<Reference>();
  readonly #flush: () => Promise<void>;
  #isReleased = false;

  /** @internal */
  protected constructor(flush: () => Promise<void>) {
    this.#flush = flush;
  }

  /** @internal */
  get [staysHere](): string {
    return "send the references";
  }

  /** Takes a reference in, one that came as an argument, say. Gives it back. It is released now if the scope is over. */
  use<R extends Reference>(reference: R): R {
    checkReference("use", reference);
    if (this.#isReleased) reference.release();
    else this.#references.add(reference);
    return reference;
  }

  /** Takes a reference out: it outlives the scope. Gives it back. */
  keep<R extends Reference>(reference: R): R {
    checkReference("keep", reference);
    this.#references.delete(reference);
    return reference;
  }

  /** Releases all that it has. What is made with it afterwards is released at once. */
  release(): void {
    this.#isReleased = true;
    for (const reference of this.#references) reference.release();
    this.#references.clear();
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /** Resolves when the owners have been told. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
    await this.#flush();
  }
}

/** By what it can do: a worker's program and the functions that it runs have the class from two files. */
function checkReference(name: string, reference: unknown): void {
  if (isRecord(reference) && typeof reference["release"] === "function") return;
  throw new TypeError(
    `${name} takes a reference, which is a future, channel, stream or broadcast, not ${show(reference)}`,
  );
}
