import { EverywhereError } from "../errors.js";
import type { FunctionReference } from "../functions/function-reference.js";
import { DEFAULT_STOP } from "../rpc/stop-rule.js";
import { deferred } from "../util/deferred.js";
import { abortable, TimeLimitError } from "../util/time-limit.js";
import type { CallableProcess, FoundProcess, ProcessDirectory } from "./call-process.js";
import type { Pid } from "./pid.js";
import type { CheckedEverywhereOptions } from "./everywhere-options.js";
import { CallLimit } from "./call-limit.js";
import { awaitReply } from "./remote-call.js";

/** Something that ran everywhere, and runs again on workers that join. `using` stops that at the end of the block. */
export interface Everywhere<R> extends Disposable {
  /** What it gave on each process on which it has run when `everywhere` resolved. */
  readonly results: ReadonlyMap<Pid, R>;
  /** Workers that join from now on do not run it. What has been run is not undone. */
  stop(): void;
}

interface Step {
  readonly reference: Promise<FunctionReference>;
  readonly args: readonly unknown[];
  /** Processes that have been told to run it. */
  readonly reached: Set<Pid>;
}

/** Runs things on all processes, those to come included: in each process in the order of the calls of `run`. */
export class EverywhereSteps {
  readonly #directory: ProcessDirectory;
  /** What workers that join run, in order. */
  readonly #steps = new Set<Step>();
  /** Resolves when everything so far has run: a function that takes longer to load must not be overtaken by the next one. */
  #ran: Promise<void> = Promise.resolve();

  constructor(directory: ProcessDirectory) {
    this.#directory = directory;
  }

  /** `args` are kept, and must not change. Rejects with an `EverywhereError` if it fails anywhere; then it is not kept. */
  async run(
    reference: Promise<FunctionReference>,
    options: CheckedEverywhereOptions,
    args: readonly unknown[],
  ): Promise<Everywhere<unknown>> {
    const step: Step = { reference, args, reached: new Set() };
    if (options.replay) this.#steps.add(step);
    const stop = (): void => void this.#steps.delete(step);
    const turn = this.#ran;
    const ran = deferred<void>();
    this.#ran = ran.promise;
    let limit: CallLimit | undefined;
    try {
      limit = new CallLimit(options);
      const { signal } = limit;
      await abortable(turn, signal);
      const found = await abortable(reference, signal);
      const processes = await this.#processes(options.pids);
      const replies = processes.map(({ pid, process }) => {
        step.reached.add(pid);
        return awaitReply(process, found, args, limit);
      });
      const outcomes = await Promise.allSettled(replies);
      signal.throwIfAborted();
      const results = resultsOf(found.name, processes, outcomes);
      return { results, stop, [Symbol.dispose]: stop };
    } catch (error) {
      stop();
      throw error;
    } finally {
      limit?.end();
      // Also if its caller stopped waiting for its turn.
      void turn.then(() => ran.resolve());
    }
  }

  /**
   * Runs everything on a worker that joins, and then, before anything more can be added, `admit`. Rejects with an `Error`
   * that names what failed.
   */
  async replay(pid: Pid, process: CallableProcess, signal: AbortSignal, admit: () => void): Promise<void> {
    // What is added meanwhile is part of the iteration.
    for (const step of this.#steps) {
      const reference = await referenceOf(step, signal);
      if (reference === undefined || step.reached.has(pid)) continue;
      step.reached.add(pid);
      await runStep(`everywhere: ${describe(reference)}`, process, reference, step.args, signal);
    }
    admit();
  }

  async #processes(pids: readonly Pid[] | undefined): Promise<FoundProcess[]> {
    const wanted = pids ?? [1, ...this.#directory.workers.map(({ pid }) => pid)];
    const found: FoundProcess[] = [];
    for (const pid of wanted) {
      const process = this.#directory.find(pid);
      found.push(process instanceof Promise ? await process : process);
    }
    return found;
  }
}

/** Runs one step of a worker's set-up; rejects with an `Error` that says which one failed. */
export async function runStep(
  name: string,
  process: CallableProcess,
  reference: FunctionReference,
  args: readonly unknown[],
  signal: AbortSignal,
): Promise<void> {
  try {
    await awaitReply(process, reference, args, { signal, rule: DEFAULT_STOP, leftMs: undefined });
  } catch (cause) {
    const reason = cause as Error;
    if (signal.aborted && !(reason instanceof TimeLimitError)) throw reason;
    throw new Error(`${name}: ${reason.message}`, { cause });
  }
}

/** Undefined for one that cannot travel: its caller has been told. */
async function referenceOf(step: Step, signal: AbortSignal): Promise<FunctionReference | undefined> {
  try {
    return await abortable(step.reference, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    return undefined;
  }
}

function resultsOf(
  name: string,
  processes: readonly FoundProcess[],
  outcomes: readonly PromiseSettledResult<unknown>[],
): Map<Pid, unknown> {
  const results = new Map<Pid, unknown>();
  const errors = new Map<Pid, unknown>();
  for (const [index, { pid }] of processes.entries()) {
    const outcome = outcomes[index]!;
    if (outcome.status === "fulfilled") results.set(pid, outcome.value);
    else errors.set(pid, outcome.reason);
  }
  if (errors.size > 0) throw new EverywhereError(name, processes.length, errors);
  return results;
}

function describe({ name }: FunctionReference): string {
  return name === "" ? "an anonymous function" : name;
}
