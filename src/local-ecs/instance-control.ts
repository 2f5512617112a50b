/** A container instance as a test sees it, and the trouble that it can make for it. */
import type { ContainerInstance } from "./state.js";
import type { TaskRunner } from "./task-runner.js";

/** What Spot says of an instance that it takes back (EC2 User Guide, "Spot Instance interruption notices"). */
export interface SpotNotice {
  readonly action: "terminate";
  /** UTC, without fractions of a second. */
  readonly time: string;
}

/** A container instance, for tests that look at where tasks went, or make trouble for it. */
export interface LocalContainerInstance {
  readonly arn: string;
  readonly ec2InstanceId: string;
  /** Name of its ECS cluster. */
  readonly cluster: string;
  readonly cpu: number;
  readonly memory: number;
  /** Origin and path of its agent's introspection, on EC2 `http://localhost:51678`; append `/v1/metadata` or `/v1/tasks`. */
  readonly agentEndpoint: string;
  readonly agentConnected: boolean;
  /** DRAINING takes no new tasks; INACTIVE is one that is terminated. */
  readonly status: "ACTIVE" | "DRAINING" | "INACTIVE";
  /**
   * Without its agent an instance takes no new tasks: RunTask reports `AGENT`. Its tasks go on, and ECS shows them as it saw
   * them last, with `connectivity` DISCONNECTED: it hears of no end, and StopTask has no effect until the agent is back.
   */
  setAgentConnected(isConnected: boolean): void;
  /**
   * As `UpdateContainerInstancesState` does: new tasks go elsewhere; those of RunTask are left running. With false it takes
   * tasks again.
   */
  setDraining(isDraining: boolean): void;
  /**
   * The EC2 instance is gone, at once. Its tasks are STOPPED with the reason "Host EC2 (instance i-...) terminated." and no
   * exit codes, and what ran of them is killed. The instance is INACTIVE for good. Calling it again does nothing.
   */
  terminate(): void;
  /**
   * Spot takes the instance back: `spotNotice` is set now, and after `noticeMs` (default 120,000, as on EC2) its tasks get
   * their stop signal, with `stopCode` SpotInterruption; when they have ended the instance is INACTIVE. With `drains` it is
   * DRAINING at once, as with `ECS_ENABLE_SPOT_INSTANCE_DRAINING` of the agent. Does nothing if there is a notice.
   */
  interruptSpot(options?: { readonly noticeMs?: number; readonly drains?: boolean }): void;
  /** What `spot/instance-action` of the instance's metadata says, once there is a notice. */
  readonly spotNotice: SpotNotice | undefined;
}

const SPOT_NOTICE_MS = 120_000;

export class InstanceControl implements LocalContainerInstance {
  #spotTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly instance: ContainerInstance,
    private readonly runner: TaskRunner,
    private readonly endpoint: () => string,
    /** Called when it may have room that it had not. */
    private readonly onRoom: () => void,
  ) {}

  get arn(): string {
    return this.instance.arn;
  }

  get ec2InstanceId(): string {
    return this.instance.ec2InstanceId;
  }

  get cluster(): string {
    return this.instance.cluster;
  }

  get cpu(): number {
    return this.instance.cpu;
  }

  get memory(): number {
    return this.instance.memory;
  }

  get agentEndpoint(): string {
    return `${this.endpoint()}/agents/${this.instance.ec2InstanceId}`;
  }

  get agentConnected(): boolean {
    return this.instance.agentConnected;
  }

  get status(): "ACTIVE" | "DRAINING" | "INACTIVE" {
    return this.instance.status;
  }

  get spotNotice(): SpotNotice | undefined {
    const { spotTerminationAt } = this.instance;
    if (spotTerminationAt === undefined) return undefined;
    const time = new Date(spotTerminationAt).toISOString().replace(/\.\d+Z$/, "Z");
    return { action: "terminate", time };
  }

  setAgentConnected(isConnected: boolean): void {
    if (this.instance.status === "INACTIVE" || isConnected === this.instance.agentConnected) return;
    this.instance.agentConnected = isConnected;
    this.instance.version += 1;
    if (!isConnected) return;
    this.runner.resume(this.instance);
    this.onRoom();
  }

  setDraining(isDraining: boolean): void {
    if (this.instance.status === "INACTIVE") return;
    this.instance.status = isDraining ? "DRAINING" : "ACTIVE";
    this.instance.version += 1;
    if (!isDraining) this.onRoom();
  }

  terminate(): void {
    if (this.instance.status === "INACTIVE") return;
    this.#end();
    this.runner.lose(this.instance, this.#terminated());
  }

  interruptSpot({
    noticeMs = SPOT_NOTICE_MS,
    drains = false,
  }: { readonly noticeMs?: number; readonly drains?: boolean } = {}): void {
    if (!(noticeMs >= 0 && noticeMs <= 2 ** 31 - 1))
      throw new RangeError(`noticeMs must be 0 or more milliseconds; it is ${noticeMs}`);
    if (this.instance.status === "INACTIVE" || this.#spotTimer !== undefined) return;
    this.instance.spotTerminationAt = Date.now() + noticeMs;
    if (drains) this.setDraining(true);
    this.#spotTimer = setTimeout(() => this.#reclaim(), noticeMs);
  }

  /** Nothing happens by itself any more, and a lost agent is back: its tasks are about to be stopped. */
  close(): void {
    clearTimeout(this.#spotTimer);
    this.setAgentConnected(true);
  }

  #reclaim(): void {
    this.setAgentConnected(true);
    this.#end();
    const stop = { kind: "stop", stopCode: "SpotInterruption", reason: this.#terminated() } as const;
    for (const task of this.instance.tasks) this.runner.apply(task, stop);
  }

  #end(): void {
    clearTimeout(this.#spotTimer);
    this.instance.status = "INACTIVE";
    this.instance.version += 1;
  }

  #terminated(): string {
    return `Host EC2 (instance ${this.instance.ec2InstanceId}) terminated.`;
  }
}
