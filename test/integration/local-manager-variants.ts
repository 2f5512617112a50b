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
