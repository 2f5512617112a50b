import { FunctionNotFoundError } from "../errors.js";
import { CallFlag } from "../protocol/message.js";
import type { CallBoard } from "./call-board.js";
import type { AnyFunction, LoadFunction } from "./call-server.js";
import { isInternal, type CallReference, type InternalFunctions } from "./internal-functions.js";

/** A function of the peer's: at first on its way, then there, or failed. */
export interface FunctionSlot {
  fn: AnyFunction | undefined;
  isLoading: boolean;
  error: unknown;
  /** Its calls are requests that may wait for long, and no work. */
  isInternal: boolean;
  /** So many of its calls have to end quickly before results of others wait for one of them, to leave together. */
  unproven: number;
}

/** The functions that a peer calls by number. */
export class ServedFunctions {
  readonly #load: LoadFunction;
  readonly #internal: InternalFunctions;
  readonly #board: CallBoard;
  readonly #onLoaded: (slot: FunctionSlot) => void;
  readonly #slots = new Map<number, FunctionSlot>();

  /** `onLoaded` is called when a function is there, or will never be. */
  constructor(
    load: LoadFunction,
    internal: InternalFunctions,
    board: CallBoard,
    onLoaded: (slot: FunctionSlot) => void,
  ) {
    this.#internal = internal;
    this.#load = load;
    this.#board = board;
    this.#onLoaded = onLoaded;
  }

  /** The peer calls this function by `id`. Loading begins at once. */
  define(id: number, reference: CallReference): void {
    const slot = this.#slot(id);
    if (isInternal(reference)) {
      slot.isInternal = true;
      slot.fn = this.#internal.get(reference.name);
      slot.error = new FunctionNotFoundError(`this version of Rollcall has no function ${reference.name}`);
      return;
    }
    slot.isLoading = true;
    this.#board.loadBegan();
    const loaded = (): void => {
      this.#board.loadEnded();
      slot.isLoading = false;
      this.#onLoaded(slot);
    };
    this.#load(reference).then(
      (fn) => {
        slot.fn = fn;
        loaded();
      },
      (error: unknown) => {
        slot.error = error;
        loaded();
      },
    );
  }

  /**
   * The function that a call with these flags is for. A large definition takes its time, and the first calls, which are
   * sent after it, may be here before. Throws a `FunctionNotFoundError` if none is to come.
   */
  called(id: number, flags: number): FunctionSlot {
    const known = this.#slots.get(id);
    if (known !== undefined) return known;
    if ((flags & CallFlag.awaitDefinition) === 0) {
      throw new FunctionNotFoundError(`function ${id} was never defined here`);
    }
    const slot = this.#slot(id);
    slot.isLoading = true;
    return slot;
  }

  /** The peer will not call it again. Calls that have come already still run. */
  forget(id: number): void {
    this.#slots.delete(id);
  }

  clear(): void {
    this.#slots.clear();
  }

  #slot(id: number): FunctionSlot {
    let slot = this.#slots.get(id);
    if (slot === undefined) {
      slot = { fn: undefined, isLoading: false, error: undefined, isInternal: false, unproven: 1 };
      this.#slots.set(id, slot);
    }
    return slot;
  }
}
