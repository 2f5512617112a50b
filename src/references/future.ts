import { RemoteError } from "../errors.js";
import { withCallSite } from "../rpc/call-site.js";
import { Answer, throwUnlessDone } from "./answers.js";
import type { Hold } from "./handle-table.js";
import { Parcel } from "./parcel.js";
import { Reference } from "./reference.js";
import type { References } from "./references.js";
import { checkWaitOptions, limited, type WaitOptions } from "./wait-options.js";

type Fetched<T> = { readonly value: T } | { readonly error: RemoteError };

/** One request for the value, for all who wait for it here. */
class Fetching<T> {
  result!: Promise<T>;
  waiting = 0;
  isStopped = false;
  giveUp: (reason: unknown) => void = () => {};
}

/**
 * A value that is there once: the result of a `remoteCall`, or of whoever sets a future that was made empty. It stays in
 * the process `pid` until it is fetched, or let go everywhere. What is fetched is kept here, and from then on travels with
 * the future.
 *
 * A future is no promise: to await one gives the future itself, so that functions may return them and arrays hold them.
 */
export class Future<T> extends Reference {
  /** The call of which it is the result, if this process made it. */
  readonly #call: Promise<void> | undefined;
  #isCallOver = false;
  #fetched: Fetched<T> | undefined;
  #fetching: Fetching<T> | undefined;
  #isReleasedAfterFetch = false;
  /** Whether its error shows who fetched it first. */
  #hasCallSite = false;

  /** @internal */
  constructor(references: References, hold: Hold, call?: Promise<void>, fetched?: Fetched<T>) {
    super(references, hold);
    this.#fetched = fetched;
    if (call === undefined) return;
    this.#call = call;
    const isOver = (): void => void (this.#isCallOver = true);
    call.then(isOver, isOver);
  }

  /** @internal What it was found to hold. */
  get fetched(): Fetched<T> | undefined {
    return this.#fetched;
  }

  /** Whether it has its value or its error. Asks the process in which it lives, unless that is known here. */
  async isReady(options: WaitOptions = {}): Promise<boolean> {
    checkWaitOptions("isReady", options);
    if (this.#fetched !== undefined || this.#isCallOver) return true;
    return (await this.references.request(this.hold, "isSettled", [], options))[1] as boolean;
  }

  /** Resolves when it has its value, which stays where it is; rejects with what `fetch` would. */
  async wait(options: WaitOptions = {}): Promise<void> {
    checkWaitOptions("wait", options);
    if (this.#fetched !== undefined) return void (await this.fetch());
    if (this.#call !== undefined) return limited("wait", options, this.#call);
    await this.references.request(this.hold, "wait", [], options);
  }

  /**
   * The value; waits for it. It is copied once, kept here, and let go where it was; every later call gives the same. Rejects
   * with a `RemoteError` if the function threw, in whatever process it is fetched, with a `ProcessExitedError` if the process
   * in which it lives is gone, and with a `ReferenceReleasedError` or `UnknownReferenceError` if there is no value to wait for.
   */
  async fetch(options: WaitOptions = {}): Promise<T> {
    checkWaitOptions("fetch", options);
    if (this.#fetched !== undefined) return valueOf(this.#fetched);
    const fetching = (this.#fetching ??= this.#startFetch());
    fetching.waiting++;
    try {
      return await limited("fetch", options, fetching.result);
    } catch (error) {
      if (this.#hasCallSite) throw error;
      this.#hasCallSite = this.#fetched !== undefined;
      throw withCallSite(error);
    } finally {
      fetching.waiting--;
      if (fetching.waiting === 0 && this.#fetching === fetching) this.#stopFetch(fetching);
    }
  }

  /**
   * Sets a future that was made empty. The value is copied. Rejects with a `FutureAlreadySetError` if it has one, or gets it
   * from a call.
   */
  async put(value: T, options: WaitOptions = {}): Promise<void> {
    checkWaitOptions("put", options);
    if (this.#fetched !== undefined) throwUnlessDone([Answer.alreadySet], this.hold.id);
    await this.references.request(this.hold, "set", [new Parcel(value)], options);
  }

  /** Lets go of the value; not before a `fetch` that is under way has it. */
  override release(): void {
    if (this.#fetching === undefined) super.release();
    else this.#isReleasedAfterFetch = true;
  }

  #startFetch(): Fetching<T> {
    const fetching = new Fetching<T>();
    fetching.result = this.#fetch(fetching);
    // Who waits hears of it; perhaps nobody does any more.
    fetching.result.catch(() => {});
    return fetching;
  }

  /** Nobody waits for it any more. */
  #stopFetch(fetching: Fetching<T>): void {
    this.#fetching = undefined;
    fetching.isStopped = true;
    fetching.giveUp(new Error("nobody waits for the value any more"));
    if (this.#isReleasedAfterFetch) super.release();
  }

  async #fetch(fetching: Fetching<T>): Promise<T> {
    try {
      // The request would overtake a call with large arguments.
      await this.#call;
      const [, parcel] = await this.references.request(this.hold, "fetch", [], {
        started: (giveUp) => {
          if (fetching.isStopped) giveUp(new Error("nobody waits for the value any more"));
          else fetching.giveUp = giveUp;
        },
      });
      this.#fetched = { value: (parcel as Parcel).value as T };
    } catch (error) {
      if (!(error instanceof RemoteError)) throw error;
      this.#fetched = { error };
    } finally {
      if (!fetching.isStopped) this.#fetching = undefined;
      if (this.#fetched !== undefined || this.#isReleasedAfterFetch) super.release();
    }
    return valueOf(this.#fetched);
  }
}

function valueOf<T>(fetched: Fetched<T>): T {
  if ("error" in fetched) throw fetched.error;
  return fetched.value;
}
