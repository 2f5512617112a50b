import { deferred } from "../util/deferred.js";
import type { CallableProcess } from "./call-process.js";

/**
 * The result of a `remoteCall`. It stays with the worker until it is fetched or released; a fetched value is kept here
 * and released there. Dispose of a future (`using`) whose value you do not want.
 */
export class Future<T> implements Disposable {
  readonly #process: CallableProcess;
  readonly #reference: number;
  readonly #done = deferred<void>();
  #isReady = false;
  #isReleased = false;
  #value: Promise<T> | undefined;

  /** Made by `remoteCall`; `start` sends the call and settles `done` with its end. */
  constructor(
    /** Where the value is. */
    readonly pid: number,
    process: CallableProcess,
    reference: number,
    start: (done: { resolve: () => void; reject: (error: unknown) => void }) => void,
  ) {
    this.#process = process;
    this.#reference = reference;
    this.#done.promise.then(
      () => (this.#isReady = true),
      () => (this.#isReady = true),
    );
    start({ resolve: () => this.#done.resolve(), reject: this.#done.reject });
  }

  /** Whether the call has ended, well or badly. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Resolves when the call has ended; rejects with what `fetch` would. The value stays where it is. */
  wait(): Promise<void> {
    return this.#done.promise;
  }

  /** The value. Rejects with a `RemoteError` if the function threw, `ProcessExitedError` if the worker is gone. */
  fetch(): Promise<T> {
    if (this.#value !== undefined) return this.#value;
    if (this.#isReleased)
      return Promise.reject(new TypeError("this future was released before it was fetched"));
    const value = this.#done.promise.then(
      () =>
        new Promise<T>((resolve, reject) => {
          this.#process.fetch(this.#reference, { resolve: (result) => resolve(result as T), reject });
        }),
    );
    this.#value = value.finally(() => this.release());
    return this.#value;
  }

  /** Lets the worker forget the value. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#done.promise.then(
      () => this.#process.release(this.#reference),
      () => this.#process.release(this.#reference),
    );
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
