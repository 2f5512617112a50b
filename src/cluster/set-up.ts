import type { ProcessDirectory } from "../calls/call-process.js";
import { copiedValue, type Copying } from "../calls/copied-value.js";
import { EverywhereSteps, runStep, type Everywhere } from "../calls/everywhere.js";
import { checkEverywhereOptions, type EverywhereOptions } from "../calls/everywhere-options.js";
import { ClusterClosedError } from "../errors.js";
import type { FunctionFinder } from "../functions/function-finder.js";
import type { FunctionReference, InitializeReference } from "../functions/function-reference.js";
import type { Session } from "../rpc/session.js";
import { isRecord, show } from "../util/option-checks.js";
import type { Initialize } from "./initialize.js";
import type { WorkerInfo } from "./worker-info.js";

/** A worker that serves calls and is not a member yet. */
export interface JoiningWorker {
  readonly info: WorkerInfo;
  readonly session: Session;
  readonly initialize: readonly InitializeReference[];
}

/** What the processes of a cluster run before anything else: what `everywhere` was called with, and `initialize`. */
export class SetUp {
  readonly #directory: ProcessDirectory;
  readonly #functions: FunctionFinder;
  readonly #copying: Copying;
  readonly #steps: EverywhereSteps;

  constructor(directory: ProcessDirectory, functions: FunctionFinder, copying: Copying) {
    this.#directory = directory;
    this.#functions = functions;
    this.#copying = copying;
    this.#steps = new EverywhereSteps(directory);
  }

  /** `given`: options or none, a function or the URL of a module, and arguments. */
  async everywhere(given: readonly unknown[]): Promise<Everywhere<unknown>> {
    const hasOptions = isRecord(given[0]) && !(given[0] instanceof URL);
    const options = checkEverywhereOptions(hasOptions ? (given[0] as EverywhereOptions) : {});
    const [what, ...args] = hasOptions ? given.slice(1) : given;
    const copied = copiedValue(this.#copying, args, "args") as readonly unknown[];
    return this.#steps.run(this.#referenceOf(what), options, copied);
  }

  /** Looks for functions at once, before their variables can change. A launch that needs them awaits them. */
  initializers(functions: readonly (Initialize | undefined)[]): Promise<InitializeReference>[] {
    return functions
      .filter((fn) => fn !== undefined)
      .map((fn) => {
        const found = this.#functions.find(fn).then((reference): InitializeReference => ({
          kind: "initialize",
          name: reference.name,
          function: reference,
        }));
        // A launch that is aborted before does not ask.
        found.catch(() => {});
        return found;
      });
  }

  /** Prepares a worker, and calls `admit` when nothing is left to do. Rejects with an `Error` that names what failed. */
  async run(
    { info, session, initialize }: JoiningWorker,
    signal: AbortSignal,
    admit: () => void,
  ): Promise<void> {
    // `initialize` finds what everywhere has prepared; what is added to that meanwhile runs after it.
    await this.#steps.replay(info.pid, session, signal, () => {});
    for (const reference of initialize) await runStep("initialize", session, reference, [info], signal);
    await this.#steps.replay(info.pid, session, signal, admit);
  }

  async #referenceOf(what: unknown): Promise<FunctionReference> {
    if (this.#directory.isClosed)
      throw new ClusterClosedError("the cluster was closed; its workers are gone");
    if (typeof what === "function") return this.#functions.find(what);
    if (typeof what === "string" || what instanceof URL) return this.#functions.findModule(String(what));
    throw new TypeError(`everywhere needs a function, or the URL of a module, not ${show(what)}`);
  }
}
