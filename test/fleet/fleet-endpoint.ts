/** The ECS endpoint of a fleet, in a program on the manager's host: it places tasks on the instances' engines. */
import { ECSClient, RegisterTaskDefinitionCommand, type ContainerDefinition } from "@aws-sdk/client-ecs";
import { startLocalECS, type LocalECS, type LocalECSOptions } from "#dist/local-ecs/index.js";
import type { FleetDescription } from "./fleet.js";
import { AGENT_ADDRESS } from "./network.js";
import { FleetTrouble } from "./trouble.js";

export class FleetEndpoint implements AsyncDisposable {
  readonly trouble: FleetTrouble;

  private constructor(
    readonly fleet: FleetDescription,
    readonly local: LocalECS,
    readonly client: ECSClient,
  ) {
    this.trouble = new FleetTrouble(fleet);
  }

  /** For a program that was run by `Fleet.run`, or was given the same argument. `cpu` and `memory` are those of an instance. */
  static async start({
    cpu = 2048,
    memory = 4096,
    ...options
  }: LocalECSOptions & { readonly cpu?: number; readonly memory?: number } = {}): Promise<FleetEndpoint> {
    const fleet = JSON.parse(process.argv[2] ?? "{}") as FleetDescription;
    const local = await startLocalECS({
      host: fleet.managerAddress,
      containerMetadataFiles: true,
      instances: fleet.instances.map((instance) => ({
        cpu,
        memory,
        ec2InstanceId: instance.instanceId,
        availabilityZone: instance.availabilityZone,
        privateIpv4Address: instance.address,
        docker: { socketPath: instance.dockerSocket, awsvpcNetwork: instance.awsvpcNetwork },
        agent: { socketPath: instance.agentSocket, metadataOrigin: `http://${AGENT_ADDRESS}` },
      })),
      ...options,
    });
    return new FleetEndpoint(fleet, local, new ECSClient({ ...local.clientConfig, maxAttempts: 1 }));
  }

  /**
   * Registers the definition `worker` with the fleet's image, and perhaps further containers beside it. Unless the container
   * says so it declares no ports.
   */
  async register(
    container: Partial<ContainerDefinition> = {},
    networkMode: "host" | "bridge" | "awsvpc" = "host",
    further: ContainerDefinition[] = [],
  ): Promise<void> {
    await this.client.send(
      new RegisterTaskDefinitionCommand({
        family: "worker",
        networkMode,
        containerDefinitions: [
          { name: "worker", image: this.fleet.image, cpu: 256, memory: 256, ...container },
          ...further,
        ],
      }),
    );
  }

  /** Resolves when containers have written this line as often as that. */
  untilSaid(line: string, times: number): Promise<void> {
    let left = times;
    return new Promise((resolve) => {
      const remove = this.local.onOutput((output) => {
        if (output.line !== line) return;
        left -= 1;
        if (left > 0) return;
        remove();
        resolve();
      });
    });
  }

  /** The instance is gone, and ECS has noticed. Numbers begin with 1. */
  async killInstance(number: number): Promise<void> {
    const instance = this.local.instances[number - 1];
    // Nothing that becomes of its containers is heard of any more.
    instance?.setAgentConnected(false);
    await this.trouble.killInstance(number);
    instance?.terminate();
  }

  /** Spot takes the instance back: its metadata say so from now on, and after `noticeMs` its tasks are stopped. */
  interruptSpot(
    number: number,
    options: { readonly noticeMs?: number; readonly drains?: boolean } = {},
  ): void {
    this.trouble.announceSpotInterruption(number, options.noticeMs);
    this.local.instances[number - 1]?.interruptSpot(options);
  }

  /** The address of a container instance. */
  addressOf(containerInstanceArn: string | undefined): string | undefined {
    const instance = this.local.instances.find(({ arn }) => arn === containerInstanceArn);
    return this.fleet.instances.find(({ instanceId }) => instanceId === instance?.ec2InstanceId)?.address;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.destroy();
    await this.local.close();
  }
}
