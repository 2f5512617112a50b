import {
  LocalManager,
  type LaunchOutcome,
  type LaunchRequest,
  type LocalDetails,
  type LocalOptions,
  type WorkerOutput,
} from "#dist/index.js";

/** A LocalManager whose launches a test may look at, and change, before they begin. */
export class WatchedLocalManager extends LocalManager {
  readonly #change: (request: LaunchRequest) => LaunchRequest | Promise<LaunchRequest>;

  constructor(
    options: LocalOptions,
    change: (request: LaunchRequest) => LaunchRequest | Promise<LaunchRequest>,
  ) {
    super(options);
    this.#change = change;
  }

  override async *launch(
    request: LaunchRequest,
    onOutput: WorkerOutput,
  ): AsyncGenerator<LaunchOutcome<LocalDetails>> {
    yield* super.launch(await this.#change(request), onOutput);
  }
}

/** Two workers. Tells of ends only after `joined`, and stops workers but says that it could not. */
export class UnruledManager extends WatchedLocalManager {
  readonly #joined: Promise<void>;

  constructor(joined: Promise<void>, change: (request: LaunchRequest) => LaunchRequest) {
    super({ workers: 2 }, change);
    this.#joined = joined;
  }

  override async *launch(
    request: LaunchRequest,
    onOutput: WorkerOutput,
  ): AsyncGenerator<LaunchOutcome<LocalDetails>> {
    for await (const outcome of super.launch(request, onOutput)) {
      if (outcome.kind === "exited") await this.#joined;
      yield outcome;
    }
  }

  override async kill(ids: readonly string[], graceMs: number, signal: AbortSignal): Promise<void> {
    await super.kill(ids, graceMs, signal);
    throw new Error("the platform is out of order");
  }
}

/** Starts workers with a join token that has the right form and id, and another secret. */
export function withWrongSecret(request: LaunchRequest): LaunchRequest {
  return {
    ...request,
    workerEnvironment: (uses) => {
      const environment = request.workerEnvironment(uses);
      const token = environment["ROLLCALL_TOKEN"] ?? "";
      const id = token.slice(0, token.indexOf("."));
      return { ...environment, ROLLCALL_TOKEN: `${id}.${Buffer.alloc(32, 7).toString("base64url")}` };
    },
  };
}
