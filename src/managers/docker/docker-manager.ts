import type { ContainerCreateOptions } from "dockerode";
import type {
  ClusterManager,
  LaunchedWorker,
  LaunchOutcome,
  LaunchRequest,
  LaunchTimeouts,
  RendezvousAddress,
  WorkerCount,
  WorkerOutput,
  WorkerReport,
} from "../../cluster/cluster-manager.js";
import { OutcomeQueue } from "../../cluster/outcome-queue.js";
import { ownerName, removeOrphans } from "../../docker/container-owner.js";
import { connectToEngine, engineMessage, type Docker } from "../../docker/docker-engine.js";
import { hasImage, pullImage } from "../../docker/image.js";
import { ClusterManagerError, type ExitReason } from "../../errors.js";
import { WorkerVariable } from "../../protocol/worker-variables.js";
import { abortable, delay } from "../../util/time-limit.js";
import {
  checkDockerOptions,
  type CheckedDockerOptions,
  type DockerManagerOptions,
} from "./docker-options.js";
import { dockerRendezvous } from "./docker-rendezvous.js";
import { ownImage } from "./own-image.js";
import { WorkerContainer } from "./worker-container.js";

export interface DockerDetails {
  readonly containerId: string;
  readonly containerName: string;
  readonly image: string;
}

const NAME = "docker";
/** From SIGTERM to SIGKILL. */
const TERM_MS = 5_000;
const MIB = 1_048_576;
const OWNER_LABEL = "rollcall.manager.owner";
const LAUNCH_LABEL = "rollcall.launch";

/**
 * Starts workers as containers of a Docker engine: this machine's, or the one that `DOCKER_HOST` names. They use the
 * network of the engine's machine unless told otherwise, run in the image of this process's own container unless told
 * otherwise, and are removed when they end; those of a manager that was killed when the next one starts there. Needs the
 * package `dockerode`.
 *
 * @example
 * await using cluster = new Cluster();
 * await cluster.addProcs(new DockerManager({ image: "my-workers", workers: 8, memoryMiB: 512 }));
 */
export class DockerManager implements ClusterManager<DockerDetails> {
  readonly name = NAME;
  readonly output = "pipe";
  readonly #options: CheckedDockerOptions;
  readonly #containers = new Map<
    string,
    { worker: LaunchedWorker<DockerDetails>; container: WorkerContainer }
  >();
  readonly #exits = new Map<string, ExitReason>();
  #engine: Promise<Docker> | undefined;
  #started = 0;

  /** Throws a `TypeError` or `RangeError` for a bad option. No engine is asked for anything yet. */
  constructor(options: DockerManagerOptions) {
    this.#options = checkDockerOptions(options);
  }

  get workers(): WorkerCount {
    return this.#options.workers;
  }

  get timeouts(): LaunchTimeouts {
    return this.#options.timeouts;
  }

  async rendezvousAddress(signal: AbortSignal): Promise<RendezvousAddress> {
    const engine = await abortable(this.#connect(), signal);
    return this.#asking(
      "where its containers find this process",
      dockerRendezvous(engine, this.#options, signal),
    );
  }

  async *launch(
    request: LaunchRequest,
    onOutput: WorkerOutput,
  ): AsyncGenerator<LaunchOutcome<DockerDetails>> {
    const engine = await this.#connect();
    const image = await abortable(this.#image(engine, request.signal), request.signal);
    const outcomes = new OutcomeQueue<LaunchOutcome<DockerDetails>>();
    const starts = Array.from({ length: request.workers.max }, () =>
      this.#start(engine, image, request, onOutput, outcomes),
    );
    yield* outcomes.until(request.signal);
    await Promise.all(starts);
    await Promise.all(outcomes.drain().map((outcome) => this.#removeUntold(outcome)));
  }

  identify(report: WorkerReport): string | undefined {
    return report.launchedId;
  }

  describe(id: string): LaunchedWorker<DockerDetails> | undefined {
    return this.#containers.get(id)?.worker;
  }

  async exitReason(id: string, signal: AbortSignal): Promise<ExitReason | undefined> {
    const running = this.#containers.get(id);
    return running === undefined ? this.#exits.get(id) : abortable(running.container.ended, signal);
  }

  async kill(ids: readonly string[], graceMs: number, signal: AbortSignal): Promise<void> {
    await Promise.all(ids.map((id) => this.#killOne(id, graceMs, signal)));
  }

  /** Once; a failure is forgotten, so that the next launch tries again. */
  #connect(): Promise<Docker> {
    this.#engine ??= this.#open().catch((error: unknown) => {
      this.#engine = undefined;
      throw error;
    });
    return this.#engine;
  }

  async #open(): Promise<Docker> {
    try {
      const engine = await connectToEngine(this.#options.socketPath, "DockerManager");
      await removeOrphans(engine, OWNER_LABEL);
      return engine;
    } catch (error) {
      throw new ClusterManagerError((error as Error).message, NAME, undefined, { cause: error });
    }
  }

  async #asking<T>(subject: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      const message = `DockerManager could not find out ${subject}: ${engineMessage(error)}`;
      throw new ClusterManagerError(message, NAME, undefined, { cause: error });
    }
  }

  /** The image that the containers run, there or pulled. */
  async #image(engine: Docker, signal: AbortSignal): Promise<string> {
    const image = this.#options.image ?? (await this.#asking("its own image", ownImage(engine)));
    if (image === undefined) {
      throw new ClusterManagerError(
        "DockerManager needs an image: this process does not run in a container whose image it could use; set the " +
          "option image to one that holds your project, or Rollcall alone",
        NAME,
      );
    }
    const isThere = await this.#asking(`whether the engine has the image ${image}`, hasImage(engine, image));
    if (!isThere) await this.#pull(engine, image, signal);
    return image;
  }

  async #pull(engine: Docker, image: string, signal: AbortSignal): Promise<void> {
    try {
      await pullImage(engine, image, signal);
    } catch (error) {
      signal.throwIfAborted();
      const message =
        `the Docker engine has no image ${image} and cannot pull it: ${engineMessage(error)}; build it there, or ` +
        `check its name and the engine's access to the registry`;
      throw new ClusterManagerError(message, NAME, "ImageNotFound", { cause: error });
    }
  }

  /** Never rejects: what becomes of it is an outcome. */
  async #start(
    engine: Docker,
    image: string,
    request: LaunchRequest,
    onOutput: WorkerOutput,
    outcomes: OutcomeQueue<LaunchOutcome<DockerDetails>>,
  ): Promise<void> {
    const id = `rollcall-${request.launchId}-${++this.#started}`;
    try {
      const options = createOptions(this.#options, id, image, request);
      const container = await WorkerContainer.start(engine, options, (stream, line) =>
        onOutput(id, stream, line),
      );
      const worker = { id, details: { containerId: container.id, containerName: id, image } };
      this.#containers.set(id, { worker, container });
      outcomes.push({ kind: "launched", worker });
      outcomes.push({ kind: "started", worker });
      void container.ended.then((reason) => {
        this.#containers.delete(id);
        this.#exits.set(id, reason);
        outcomes.push({ kind: "exited", worker, reason });
      });
    } catch (error) {
      const message = `the container could not be started: ${engineMessage(error)}`;
      outcomes.push({ kind: "failed", failure: { count: 1, cause: "not started", message } });
    }
  }

  /** A container that was being created when its launch ended: nobody else knows that it is there. */
  async #removeUntold(outcome: LaunchOutcome<DockerDetails>): Promise<void> {
    if (outcome.kind !== "launched") return;
    const running = this.#containers.get(outcome.worker.id);
    running?.container.signal("SIGKILL");
    await running?.container.ended;
  }

  async #killOne(id: string, graceMs: number, signal: AbortSignal): Promise<void> {
    const running = this.#containers.get(id);
    if (running === undefined) return;
    const over = new AbortController();
    const ladder = climb(running.container, graceMs, AbortSignal.any([over.signal, signal]));
    try {
      await abortable(running.container.ended, signal);
    } finally {
      over.abort();
      await ladder;
    }
  }
}

/** Waits, then SIGTERM, then SIGKILL, until told that the container has ended. */
async function climb(container: WorkerContainer, graceMs: number, over: AbortSignal): Promise<void> {
  try {
    if (graceMs > 0) await delay(graceMs, over);
    container.signal("SIGTERM");
    await delay(TERM_MS, over);
    container.signal("SIGKILL");
  } catch {
    // The container has ended.
  }
}

function createOptions(
  options: CheckedDockerOptions,
  name: string,
  image: string,
  request: LaunchRequest,
): ContainerCreateOptions {
  const env = { ...options.env, ...request.workerEnvironment(1), [WorkerVariable.launchedId]: name };
  return {
    name,
    Image: image,
    ...(options.command === undefined ? {} : { Cmd: [...options.command] }),
    ...(options.user === undefined ? {} : { User: options.user }),
    Env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
    Labels: { [OWNER_LABEL]: ownerName(), [LAUNCH_LABEL]: request.launchId },
    HostConfig: {
      NetworkMode: options.network,
      // The output is taken from the engine as it comes; kept there, it could fill the disk.
      LogConfig: { Type: "none", Config: {} },
      ...(options.memoryMiB === undefined ? {} : { Memory: options.memoryMiB * MIB }),
      ...(options.cpus === undefined ? {} : { NanoCpus: Math.round(options.cpus * 1e9) }),
      ...(options.volumes.length === 0 ? {} : { Binds: [...options.volumes] }),
    },
  };
}
