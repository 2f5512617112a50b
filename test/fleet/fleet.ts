/**
 * Several hosts in one machine: container instances, each with address, Docker engine and instance metadata of its own, and
 * a host for the manager. Everything that goes over the network stays inside the fleet's namespaces.
 */
import Docker from "dockerode";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "./host-process.js";
import { startInstance, type FleetInstance, type InstanceOptions } from "./instance.js";
import { makeNetwork, type Host } from "./network.js";
import { fleetFolder, removeFleet } from "./remove-fleet.js";
import { whatIsMissing } from "./requirements.js";
import { FleetTrouble } from "./trouble.js";
import { GENERIC_IMAGE, stageWorkerImages, WORKER_IMAGE } from "./worker-image.js";

/** What a program inside of the fleet needs to know of it. */
export interface FleetDescription {
  readonly managerAddress: string;
  /** The namespace of the bridge that all hosts are on. */
  readonly switchNamespace: string;
  readonly instances: readonly FleetInstance[];
  /** With Node and this project; its command is a worker. */
  readonly image: string;
  /** The same without anything of this project: Node and Rollcall. */
  readonly genericImage: string;
}

export interface FleetOptions extends InstanceOptions {
  /** Small letters and digits. Two fleets of one name cannot be at the same time. */
  readonly name: string;
  /** Default 2. */
  readonly instances?: number;
}

export class Fleet implements AsyncDisposable {
  /** What can be done to its links and instances. */
  readonly trouble: FleetTrouble;

  private constructor(
    private readonly name: string,
    readonly manager: Host,
    readonly description: FleetDescription,
  ) {
    this.trouble = new FleetTrouble(description);
  }

  /** Removes what is left of an earlier fleet of this name, and makes a new one. Throws if something is missing for it. */
  static async start({ name, instances = 2, ...options }: FleetOptions): Promise<Fleet> {
    if (!/^[a-z0-9]{1,20}$/.test(name)) throw new RangeError(`a fleet cannot have the name "${name}"`);
    const missing = whatIsMissing();
    if (missing !== undefined) throw new Error(missing);
    await claim(name);
    try {
      const network = makeNetwork(name, instances);
      const staged = join(fleetFolder(name), "image");
      stageWorkerImages(staged);
      const started = network.instances.map((host, index) =>
        startInstance(name, host, index, staged, options),
      );
      return new Fleet(name, network.manager, {
        managerAddress: network.manager.address,
        switchNamespace: network.switchNamespace,
        instances: await Promise.all(started),
        image: WORKER_IMAGE,
        genericImage: GENERIC_IMAGE,
      });
    } catch (error) {
      await removeFleet(name);
      throw error;
    }
  }

  /**
   * Runs a compiled program on the manager's host, with the description as its argument. Resolves with the message that it
   * sends to its parent.
   */
  run(program: URL): Promise<unknown> {
    return runProgram(this.manager.namespace, program, this.description);
  }

  /** The names of all containers that the engines have, running or not. */
  async containers(): Promise<string[]> {
    const engines = this.description.instances.map(
      ({ dockerSocket }) => new Docker({ socketPath: dockerSocket }),
    );
    const lists = await Promise.all(engines.map((engine) => engine.listContainers({ all: true })));
    return lists.flat().flatMap(({ Names }) => Names);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeFleet(this.name);
  }
}

/** Throws if the name is that of a fleet whose process is alive. */
async function claim(name: string): Promise<void> {
  const file = join(fleetFolder(name), "owner");
  const owner = ownerIn(file);
  if (owner !== undefined && isNode(owner))
    throw new Error(`process ${owner} has a fleet with the name "${name}": end it, or give another name`);
  await removeFleet(name);
  mkdirSync(fleetFolder(name), { recursive: true });
  writeFileSync(file, `${process.pid}`);
}

function ownerIn(file: string): number | undefined {
  try {
    return Number(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** The number of an owner that is gone may be given to another program by now. */
function isNode(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("node");
  } catch {
    return false;
  }
}
