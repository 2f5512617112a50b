import { EventEmitter } from "node:events";
import { LocalProcess } from "./calls/local-process.js";
import type { Everywhere } from "./calls/everywhere.js";
import type { EverywhereOptions } from "./calls/everywhere-options.js";
import { checkPid, checkPids } from "./calls/pid.js";
import {
  checkAddProcsOptions,
  type AddProcsOptions,
  type CheckedAddProcsOptions,
} from "./cluster/add-procs-options.js";
import { Adaptation } from "./cluster/adaptation.js";
import { checkAdaptOptions, type AdaptOptions } from "./cluster/adaptation-options.js";
import { checkEventName, type ClusterEvents, type Emit } from "./cluster/cluster-events.js";
import type { ClusterManager } from "./cluster/cluster-manager.js";
import { checkClusterOptions, type ClusterOptions } from "./cluster/cluster-options.js";
import type { Initialize } from "./cluster/initialize.js";
import type { Launch } from "./cluster/launch.js";
import { ManagerDirectory } from "./cluster/manager-directory.js";
import { Members } from "./cluster/members.js";
import type { LaunchOptions } from "./cluster/launch-options.js";
import { Membership } from "./cluster/membership.js";
import { refuseOnWorker } from "./cluster/refuse-on-worker.js";
import { Replacement } from "./cluster/replacement.js";
import { Supply } from "./cluster/supply.js";
import { SetUp } from "./cluster/set-up.js";
import type { WorkerInfo } from "./cluster/worker-info.js";
import { ClusterView } from "./cluster-view.js";
import { CodeSupply } from "./functions/code/code-supply.js";
import { ClusterClosedError } from "./errors.js";
import { FunctionFinder } from "./functions/function-finder.js";
import { FunctionLoader } from "./functions/function-loader.js";
import { findProjectRoot } from "./functions/project-root.js";
import { clusterClosed, clusterOpened, runIn } from "./open-clusters.js";
import type { Topology } from "./peers/topology.js";
import { newCodec } from "./protocol/codec.js";
import { References } from "./references/references.js";
import type { AnyFunction, LoadFunction } from "./rpc/call-server.js";
import { isRecord, milliseconds, onlyKnown, plainObject, show } from "./util/option-checks.js";

export interface RmProcsOptions {
  /** How long a worker may take to exit by itself, in milliseconds. Default: the cluster's `leaveGraceMs`. */
  readonly graceMs?: number;
  /**
   * How long it may finish the calls that it has before that, in milliseconds; it gets no others. Default 0: they fail, and
   * the items of maps run elsewhere.
   */
  readonly drainMs?: number;
}

/**
 * A manager process and its workers. Add workers with `addProcs`, give them work with `pmap` and the remote calls, and
 * close it when done: `await using cluster = new Cluster()` does that at the end of the block, however it is left.
 * Several clusters may exist in one process.
 */
export class Cluster extends ClusterView implements AsyncDisposable {
  readonly #events = new EventEmitter<ClusterEvents>();
  readonly #directory: ManagerDirectory;
  readonly #references: References;
  readonly #supply: Supply;
  readonly #membership: Membership;
  readonly #setUp: SetUp;
  readonly #initialize: Initialize | undefined;
  readonly #leaveGraceMs: number;
  readonly #topology: Topology;
  readonly #replacements = new Set<Replacement>();

  /** Throws a `TypeError` or `RangeError` for a bad option. Nothing is started or opened yet. */
  constructor(options: ClusterOptions = {}) {
    refuseOnWorker();
    const checked = checkClusterOptions(options, findProjectRoot);
    const { projectRoot } = checked;
    const { maxMessageBytes } = checked;
    const code = new CodeSupply({ root: projectRoot, maxMessageBytes, ...checked.code });
    const loader = new FunctionLoader({ projectRoot });
    const load: LoadFunction = async (reference) => {
      const fn = (await loader.load(reference)) as AnyFunction;
      return (...args) => runIn(this, fn, args);
    };
    const references = new References();
    const codec = newCodec(references.extensions);
    const members = new Members();
    const local = new LocalProcess({ pid: 1, load, codec, references });
    const supply = new Supply(members);
    const directory = new ManagerDirectory(members, local, supply);
    references.join(directory);
    const functions = new FunctionFinder({
      projectRoot,
      unitFor: (reference) => code.unitFor(reference),
      extensions: references.extensions,
    });
    super({
      directory,
      references,
      functions,
      supply,
      local: { pid: 1, process: local },
    });
    this.#directory = directory;
    this.#references = references;
    this.#supply = supply;
    const setUp = new SetUp(directory, functions, { pid: 1, codec, references });
    this.#setUp = setUp;
    this.#initialize = checked.initialize;
    this.#membership = new Membership(checked, {
      members,
      codec,
      load,
      references,
      answerCode: (question) => code.answer(question),
      setUp: (worker, signal, admit) => setUp.run(worker, signal, admit),
      emit: this.#emit,
    });
    this.#leaveGraceMs = checked.leaveGraceMs;
    this.#topology = checked.topology;
    clusterOpened(this);
  }

  /**
   * Starts workers. Await the launch for `{ joined, failures }`; iterate it for the workers as they join. A map that is
   * running uses them from then on. Rejects with a `LaunchError` if fewer than the manager's minimum can come, or with
   * a `ClusterManagerError` if the platform refuses the request, after everything that was started has been stopped.
   */
  addProcs<Details>(manager: ClusterManager<Details>, options: AddProcsOptions = {}): Launch<Details> {
    checkManager("addProcs", manager);
    const checked = checkAddProcsOptions(options, this.#topology);
    if (checked.replacements > 0) checkStartsOne("replace", manager);
    const replacement = checked.replacements === 0 ? undefined : this.#replacement(manager, checked);
    return this.#launch(manager, {
      ...this.#launchOptions(checked),
      ...(replacement && { onJoined: (pid) => replacement.joined(pid) }),
    });
  }

  /**
   * Lets the number of workers follow the work: starts some, up to `max`, when items of maps and calls to `any` wait, and
   * gives each back that has had nothing to do for `idleMs`, down to `min`, unless values live on it that somebody refers
   * to. While there is no worker, calls to `any` and maps wait for the first. A launch that brings no worker is made again
   * after 1, 2, 4, ... up to 60 seconds, five times in a row at the most; then what waits fails. Throws a `TypeError` or
   * `RangeError` for a bad option.
   *
   * @example
   * using adaptation = cluster.adapt(new ECSManager({ taskDefinition: "simulate", workers: 1 }), { max: 40 });
   * const results = await cluster.pmap(simulate, seeds);
   */
  adapt(manager: ClusterManager, options: AdaptOptions): Adaptation {
    checkManager("adapt", manager);
    const { limits, launch } = checkAdaptOptions(options, this.#topology);
    checkStartsOne("adapt", manager);
    const launchOptions = this.#launchOptions(launch);
    if (this.#directory.isClosed) {
      throw new ClusterClosedError("the cluster was closed; make a new one to add workers");
    }
    const adaptation = new Adaptation(limits, {
      load: (pids) => ({
        waiting: this.#supply.waiting,
        workers: this.#membership.members.available
          .filter(({ pid }) => pids.has(pid))
          .map(({ pid, session }) => ({ pid, calls: session.callsWaiting })),
      }),
      launch: (count, onJoined) =>
        this.#launch(manager, { ...launchOptions, workers: { min: 1, max: count }, onJoined }),
      isNeeded: async (pid) => (await this.heldReferences(pid)).some(({ stored }) => stored > 0),
      remove: (pid) => this.#membership.remove([pid], this.#leaveGraceMs, this.#leaveGraceMs),
      changed: () => this.#directory.changed(),
    });
    this.#supply.adapt(adaptation);
    return adaptation;
  }

  /** Removes workers: each is asked to exit, then forced. Resolves when they are gone. Unknown pids throw. */
  async rmProcs(pids: number | readonly number[], options: RmProcsOptions = {}): Promise<void> {
    const list = checkPids("rmProcs", Array.isArray(pids) ? pids : [pids]);
    if (list.includes(1)) throw new RangeError("process 1 is the manager; it cannot be removed (use close)");
    onlyKnown("rmProcs", plainObject("the options of rmProcs", options), ["graceMs", "drainMs"]);
    const graceMs = milliseconds("graceMs", options.graceMs ?? this.#leaveGraceMs, 0);
    const drainMs = milliseconds("drainMs", options.drainMs ?? 0, 0);
    await this.#membership.remove([...new Set(list)], graceMs, drainMs);
  }

  /**
   * Runs a function on the manager and on all workers, or, given the `file:` URL of a module, imports that there; and
   * again on each worker that joins later, before it takes other calls, until `stop` of what it resolves with. Things run
   * in each process in the order of the calls. Resolves when it has run on all that are there; rejects with an
   * `EverywhereError`, which names the processes, if it failed on any, and is not run again then. A worker that joins later
   * and on which it fails does not join. Arguments and captured variables are those of the moment of the call. (Julia's
   * `@everywhere`, which processes that are added later do not get.)
   *
   * @example
   * await cluster.everywhere(connectDatabase, process.env.DATABASE_URL);
   * await cluster.everywhere(import.meta.resolve("./register-fonts.js"));
   * await cluster.everywhere({ pids: [2, 3] }, warmUp);
   */
  everywhere<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    ...args: A
  ): Promise<Everywhere<Awaited<R>>>;
  everywhere(module: string | URL): Promise<Everywhere<undefined>>;
  everywhere<A extends readonly unknown[], R>(
    options: EverywhereOptions,
    fn: (...args: A) => R,
    ...args: A
  ): Promise<Everywhere<Awaited<R>>>;
  everywhere(options: EverywhereOptions, module: string | URL): Promise<Everywhere<undefined>>;
  everywhere(...given: readonly unknown[]): Promise<Everywhere<unknown>> {
    return this.#setUp.everywhere(given);
  }

  /**
   * Ends the calls that run on these workers, by default on all, whoever made them, and those that wait there: each fails
   * with a `CallInterruptedError`. A call that computes without a pause is broken off where it stands. The workers live on,
   * with what their modules hold, and those that have nothing to do notice nothing (Julia's `interrupt`). Resolves when that
   * is done. Rejects with an `InterruptError` if what a worker runs cannot be broken off, native code above all.
   */
  async interrupt(pids: number | readonly number[] = this.workers()): Promise<void> {
    const list = checkPids("interrupt", Array.isArray(pids) ? pids : [pids]);
    if (list.includes(1)) throw new RangeError("process 1 is the manager, which cannot interrupt itself");
    await this.#membership.interrupt([...new Set(list)]);
  }

  /** What is known of a worker. Throws a `TypeError` for what is no pid, `NoSuchProcessError` or `ProcessExitedError`. */
  workerInfo(pid: number): WorkerInfo {
    const { info, manager } = this.#membership.members.get(checkPid("workerInfo", pid));
    return { ...info, launched: manager.describe(info.launched.id) ?? info.launched };
  }

  /** Hears what happens to the workers; see `ClusterEvents`. */
  on<Name extends keyof ClusterEvents>(name: Name, listener: (...event: ClusterEvents[Name]) => void): this {
    (this.#events as EventEmitter).on(checkEventName(name), listener);
    return this;
  }

  off<Name extends keyof ClusterEvents>(name: Name, listener: (...event: ClusterEvents[Name]) => void): this {
    (this.#events as EventEmitter).off(checkEventName(name), listener);
    return this;
  }

  /** Ends everything: launches are aborted, workers asked to leave and then forced. Resolves when none is left. */
  async close(): Promise<void> {
    this.#directory.close();
    this.#references.close();
    clusterClosed(this);
    for (const replacement of this.#replacements) replacement.stop();
    this.#replacements.clear();
    this.#supply.close();
    const closed = this.#membership.close();
    this.#directory.changed();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #launch<Details>(manager: ClusterManager<Details>, options: LaunchOptions): Launch<Details> {
    const launch = this.#membership.launch(manager, options);
    this.#supply.launchBegan();
    const ended = (error?: unknown): void => {
      this.#supply.launchEnded(error);
      this.#directory.changed();
    };
    launch.then(() => ended(), ended);
    return launch;
  }

  #launchOptions(options: CheckedAddProcsOptions): LaunchOptions {
    const { signal, workers, labels, acquaintance } = options;
    const initialize = this.#setUp.initializers([this.#initialize, options.initialize]);
    return { signal, workers, labels, acquaintance, initialize };
  }

  #replacement(manager: ClusterManager, options: CheckedAddProcsOptions): Replacement {
    const { initialize } = this.#launchOptions(options);
    const { labels, acquaintance, replacements } = options;
    const replacement: Replacement = new Replacement(replacements, {
      launch: (count) =>
        this.#launch(manager, {
          workers: { min: 1, max: count },
          labels,
          acquaintance,
          initialize,
          onJoined: (pid) => replacement.joined(pid),
        }),
      pending: () => this.#supply.launchBegan(),
      settled: () => {
        this.#supply.launchEnded(this.#supply.lastLaunchError());
        this.#directory.changed();
      },
      gaveUp: (count) => {
        const message = `${count} workers that are gone were not replaced: too many replacements failed, or the limit is reached`;
        this.#emit("failed", {
          launchId: "",
          manager: manager.name,
          failure: { count, cause: "not replaced", message },
        });
      },
    });
    this.#replacements.add(replacement);
    return replacement;
  }

  readonly #emit: Emit = (name, event) => {
    // Before maps look for workers: they wait for one that is on its way.
    for (const replacement of this.#replacements) tellOfLoss(replacement, name, event);
    if (name === "leaving" || name === "exited") {
      this.#supply.workerGone((event as ClusterEvents["leaving"][0]).pid);
    }
    if (changing.has(name)) this.#directory.changed();
    if (name === "exited") {
      const { pid, reason } = event as ClusterEvents["exited"][0];
      this.#directory.exited(pid, reason);
    }
    try {
      // The emitter's own types cannot express that name and event belong together.
      (this.#events as EventEmitter).emit(name, { at: Date.now(), ...event });
    } catch (error) {
      // A listener's mistake is its program's: an uncaught exception, which must not stop what is going on here.
      process.nextTick(() => {
        throw error;
      });
    }
  };
}

/** Events after which a map has other workers to work with. */
const changing: ReadonlySet<keyof ClusterEvents> = new Set(["joined", "leaving", "exited"]);

function tellOfLoss(
  replacement: Replacement,
  name: keyof ClusterEvents,
  event: Partial<ClusterEvents["leaving"][0] & ClusterEvents["exited"][0]>,
): void {
  if (name !== "leaving" && name !== "exited") return;
  const isRemoved = event.isAsked === true || event.reason?.kind === "removed";
  if (isRemoved) replacement.removed(event.pid!);
  else replacement.lost(event.pid!);
}

/** Throws a `TypeError` if a single worker cannot be had from this manager. */
function checkStartsOne(name: string, manager: ClusterManager): void {
  if (manager.countsPlaces !== true) return;
  throw new TypeError(
    `${name}: this ${manager.name} manager decides by itself how many workers come together (workersPerTask: "auto"), ` +
      `so a single one cannot be started; give it a number of workers`,
  );
}

function checkManager(name: string, manager: unknown): void {
  if (isRecord(manager) && typeof manager["launch"] === "function") return;
  throw new TypeError(`${name} needs a cluster manager, such as new LocalManager(4), not ${show(manager)}`);
}
