import type { CallableProcess, ProcessDirectory } from "../calls/call-process.js";
import { ClusterClosedError, LinkLostError, SerializationError } from "../errors.js";
import { throwUnlessDone, type Answer } from "./answers.js";
import { Operation, type OperationName, type Subject } from "./operations.js";
import type { ReferenceId } from "./reference-id.js";
import { whenOver, type WaitOptions } from "./wait-options.js";

/** How somebody waits for an answer. */
export interface Waiting extends WaitOptions {
  /** Gets an answer that comes when nobody waits for it any more. */
  readonly late?: (answer: Answer) => void;
  /** Gets, at once, what ends the wait with a reason. */
  readonly started?: (giveUp: (reason: unknown) => void) => void;
}

/** What a process asks the owners of references. Requests to one owner are numbered, and leave in their order. */
export class OwnerRequests {
  readonly #late: (answer: Answer) => void;
  readonly #lastNumber = new Map<number, number>();
  /** What ends each wait that is under way. */
  readonly #waits = new Set<(reason: unknown) => void>();
  #directory: ProcessDirectory | undefined;

  /** `late` gets answers that nobody waits for, unless whoever asked wants them. */
  constructor(late: (answer: Answer) => void) {
    this.#late = late;
  }

  join(directory: ProcessDirectory): void {
    this.#directory = directory;
  }

  /** Ends all waits. */
  close(): void {
    for (const giveUp of this.#waits) giveUp(clusterClosed());
  }

  /** No process can be reached any more. */
  get isClosed(): boolean {
    return this.#directory?.isClosed !== false;
  }

  /** Throws a `ClusterClosedError` when the cluster was closed. */
  checkIsOpen(): void {
    if (this.#directory?.isClosed === true) throw clusterClosed();
  }

  /**
   * Rejects with what the answer means, unless it is `done`, and when the wait is over: at the latest with the cluster, as
   * nobody is left then who could put or set anything.
   */
  async ask(
    id: ReferenceId,
    operation: OperationName,
    args: readonly unknown[],
    waiting: Waiting,
  ): Promise<Answer> {
    this.checkIsOpen();
    const answer = await new Promise<Answer>((resolve, reject) => {
      let isOver = false;
      let withdraw = nothing;
      const giveUp = (reason: unknown): void => {
        if (isOver) return;
        isOver = true;
        stop();
        reject(reason);
        withdraw();
      };
      const stopWatching = whenOver(operation, waiting, giveUp);
      const stop = (): void => {
        stopWatching();
        this.#waits.delete(giveUp);
      };
      this.#waits.add(giveUp);
      waiting.started?.(giveUp);
      const send = (process: CallableProcess): void => {
        if (isOver) return;
        withdraw = this.#send(process, id, operation, args, {
          resolve: (result) => {
            stop();
            if (isOver) (waiting.late ?? this.#late)(result as Answer);
            else resolve(result as Answer);
          },
          reject: (error) => {
            // The owner has answered, or is gone; only where the connection between the two broke may it still wait.
            if (!(error instanceof LinkLostError)) withdraw = nothing;
            giveUp(namedAsValue(error));
          },
        });
      };
      try {
        // One after the other, without a turn in between where none is needed: requests keep their order.
        const process = this.#reach(id.owner);
        if (process instanceof Promise) process.then(send, giveUp);
        else send(process);
      } catch (error) {
        giveUp(error);
      }
    });
    throwUnlessDone(answer, id);
    return answer;
  }

  /** Calls a function of another process that has to do with no reference in particular. */
  async call(pid: number, operation: OperationName, args: readonly unknown[]): Promise<unknown> {
    const process = await this.#reach(pid);
    return new Promise((resolve, reject) => process.call(Operation[operation], args, { resolve, reject }));
  }

  /** Gives what withdraws the request. */
  #send(
    process: CallableProcess,
    { owner, creator, number }: ReferenceId,
    operation: OperationName,
    args: readonly unknown[],
    call: Parameters<CallableProcess["call"]>[2],
  ): () => void {
    const caller = this.#directory!.myPid;
    const request = (this.#lastNumber.get(owner) ?? 0) + 1;
    this.#lastNumber.set(owner, request);
    const subject: Subject = [creator, number, caller, request];
    const callId = process.call(Operation[operation], [subject, ...args], call);
    if (callId >= 0) return () => process.call(Operation.withdraw, [caller, request], unheard);
    // Nothing was sent. A number that stays away would be one more thing for the owner to remember.
    if (this.#lastNumber.get(owner) === request) this.#lastNumber.set(owner, request - 1);
    return nothing;
  }

  #reach(pid: number): CallableProcess | Promise<CallableProcess> {
    if (this.#directory === undefined) throw new TypeError("this process has not joined its cluster yet");
    const found = this.#directory.reach(pid);
    if (found instanceof Promise) return found.then(({ process }) => withRoom(process));
    return withRoom(found.process);
  }
}

/** The value that is to be put stands second among the arguments of the request; its user knows it by no such name. */
function namedAsValue(error: unknown): unknown {
  if (!(error instanceof SerializationError) || error.path?.startsWith("args[1]") !== true) return error;
  const named = (text: string): string => text.replace("args[1]", "value");
  return new SerializationError(error.code, named(error.message), named(error.path), { cause: error.cause });
}

function clusterClosed(): ClusterClosedError {
  return new ClusterClosedError("the cluster was closed, and its futures, channels and streams with it");
}

function withRoom(process: CallableProcess): CallableProcess | Promise<CallableProcess> {
  return process.hasRoom ? process : process.room().then(() => process);
}

function nothing(): void {}

const unheard = { resolve: () => {}, reject: () => {} };
