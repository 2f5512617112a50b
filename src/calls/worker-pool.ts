import { CallTimeoutError, NoWorkersError } from "../errors.js";
import { staysHere } from "../protocol/stays-here.js";
import { onceAborted } from "../util/abort-listeners.js";
import { abortSignal, milliseconds, onlyKnown, optional, plainObject } from "../util/option-checks.js";
import { checkPid } from "./pid.js";
import { PoolMembers } from "./pool-members.js";

/** What a pool needs of its cluster. */
export interface PoolContext {
  /** The processes among which it has its own. */
  readonly directory: object;
  /** The process that an empty default pool hands out. */
  readonly localPid: number;
  /** Throws `NoSuchProcessError` or `ProcessExitedError` for a pid that cannot become a member. */
  readonly check: (pid: number) => void;
  /** Those that take calls: the workers, and the manager, which may be a member on a worker too. */
  readonly callable: () => ReadonlySet<number>;
  /** A process became a member of a pool. Maps that work on it look at it again. */
  readonly pushed: () => void;
  /** Counts the changes of the cluster's workers, so that nobody looks at them for nothing. */
  readonly changes: () => number;
  /** After a change: gives the default pool the workers that have joined. */
  readonly refresh: (pool: WorkerPool) => void;
  /** Calls back after each change. Returns how to stop that. */
  readonly onChange: (listener: () => void) => () => void;
  /**
   * What `take` does when the pool has no members: hand out this process (only the default pool, of a cluster without
   * workers), wait for those that are on their way, or fail.
   */
  readonly whenEmpty: (pool: WorkerPool) => EmptyPoolRule;
}

export type EmptyPoolRule = "this process" | "wait" | "fail";

export interface PoolWaitOptions {
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Ends the wait with a `CallTimeoutError` after so many milliseconds. Default: no limit. */
  readonly timeoutMs?: number;
}

interface Waiter {
  readonly isTaker: boolean;
  readonly resolve: (pid: number) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Processes of which each is given to one user at a time. Give it as the target of a call, and the call waits for a free
 * one; or `take` one and `put` it back. A worker that leaves the cluster, or dies, leaves the pool with the same event.
 * Made by `Cluster.workerPool`.
 */
export class WorkerPool {
  readonly #context: PoolContext;
  readonly #members = new PoolMembers();
  /** In the order in which they came. */
  readonly #waiters = new Set<Waiter>();
  #seenChanges = -1;
  #stopListening: (() => void) | undefined;

  constructor(context: PoolContext, pids: Iterable<number>) {
    this.#context = context;
    for (const pid of pids) this.push(pid);
  }

  /** @internal */
  get [staysHere](): string {
    return "make one where it is used, with currentCluster().workerPool(pids)";
  }

  /**
   * @internal Throws a `TypeError` if these are not the processes of which it has its own: another cluster's have the same
   * pids.
   */
  checkIsOf(directory: object): void {
    if (this.#context.directory === directory) return;
    throw new TypeError("the pool belongs to another cluster; make one with workerPool of this one");
  }

  /** Members, free or not. */
  get size(): number {
    return this.#present().size;
  }

  /** Members, free or not, ascending. */
  get workers(): number[] {
    return this.#present().pids;
  }

  /** Members that `take` would give. */
  get free(): number {
    return this.#present().free;
  }

  /** Calls and others that wait for a free member. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Whether a member is free: `take` would not have to wait for one. */
  get isReady(): boolean {
    return this.free > 0;
  }

  /**
   * Makes a process a member, free at first; nothing changes for one that is a member. Throws a `TypeError` for
   * what is no pid, `NoSuchProcessError` or `ProcessExitedError`.
   */
  push(pid: number): this {
    this.#context.check(checkPid("push", pid));
    this.#members.add(pid);
    this.#context.pushed();
    return this;
  }

  /** As `push`, of a process that is there, and without telling anyone. */
  admit(pid: number): void {
    this.#members.add(pid);
  }

  /** Gives a taken process back. One that is no member (any more) is ignored. */
  put(pid: number): void {
    this.#present().putBack(checkPid("put", pid));
    this.#serve();
  }

  /**
   * A free process, which nobody else is given before it is `put` back. Those that wait are served in their order.
   * Rejects with a `NoWorkersError` when the pool has no member, and as `options` say. The default pool of a cluster
   * without workers gives this process, 1.
   */
  take(options: PoolWaitOptions = {}): Promise<number> {
    return this.#wait("take", true, options);
  }

  /** Resolves when a process is free, which somebody else may then be faster to take. Rejects as `take` does. */
  async wait(options: PoolWaitOptions = {}): Promise<void> {
    await this.#wait("wait", false, options);
  }

  async #wait(name: string, isTaker: boolean, options: PoolWaitOptions): Promise<number> {
    onlyKnown(name, plainObject(`the options of ${name}`, options), ["signal", "timeoutMs"]);
    const signal = optional(options.signal, (value) => abortSignal("signal", value));
    const timeoutMs = optional(options.timeoutMs, (value) => milliseconds("timeoutMs", value, 1));
    signal?.throwIfAborted();
    return new Promise<number>((resolve, reject) => {
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(() => end(() => reject(this.#late(timeoutMs))), timeoutMs);
      const end = (settle: () => void): void => {
        this.#waiters.delete(waiter);
        clearTimeout(timer);
        stopListening?.();
        this.#listen();
        settle();
      };
      const waiter: Waiter = {
        isTaker,
        resolve: (pid) => end(() => resolve(pid)),
        reject: (error) => end(() => reject(error)),
      };
      const stopListening =
        signal === undefined
          ? undefined
          : onceAborted(signal, () => end(() => reject(signal.reason as Error)));
      this.#waiters.add(waiter);
      this.#serve();
    });
  }

  #late(timeoutMs: number): Error {
    const { size } = this;
    return new CallTimeoutError(
      `no worker of the pool became free within ${timeoutMs} ms; it has ${size}, all taken`,
    );
  }

  /** The members without those that have gone. */
  #present(): PoolMembers {
    const changes = this.#context.changes();
    if (changes !== this.#seenChanges) {
      this.#seenChanges = changes;
      const { localPid } = this.#context;
      const callable = this.#context.callable();
      for (const pid of this.#members.pids) {
        if (pid !== localPid && !callable.has(pid)) this.#members.remove(pid);
      }
      this.#context.refresh(this);
    }
    return this.#members;
  }

  #serve(): void {
    for (const waiter of this.#waiters) {
      const members = this.#present();
      if (members.free > 0) waiter.resolve(waiter.isTaker ? members.take()! : 0);
      else if (members.size === 0) this.#serveEmpty(waiter);
    }
    this.#listen();
  }

  #serveEmpty(waiter: Waiter): void {
    const answer = this.#context.whenEmpty(this);
    if (answer === "this process") waiter.resolve(this.#context.localPid);
    else if (answer === "fail") {
      waiter.reject(
        new NoWorkersError("the pool has no workers: it never had any, or they have left; push others to it"),
      );
    }
  }

  /** Changes of the cluster matter to a pool while somebody waits. */
  #listen(): void {
    if (this.#waiters.size > 0) this.#stopListening ??= this.#context.onChange(() => this.#serve());
    else {
      this.#stopListening?.();
      this.#stopListening = undefined;
    }
  }
}
