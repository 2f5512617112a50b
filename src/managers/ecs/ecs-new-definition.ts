import type { KeyValuePair, RegisterTaskDefinitionCommandInput } from "@aws-sdk/client-ecs";
import { NODE_LABEL } from "./ecs-diagnosis.js";

/** What a task definition for workers is made from. */
export interface NewDefinition {
  readonly family: string;
  readonly image: string;
  /** `fargate` is network mode awsvpc on Fargate. */
  readonly network: "host" | "bridge" | "awsvpc" | "fargate";
  readonly containerName: string;
  /** CPU units; 1,024 are one core. */
  readonly cpu: number;
  /** MiB. */
  readonly memory: number;
  /** Seconds from SIGTERM to SIGKILL. */
  readonly stopTimeout: number;
  readonly architecture?: "X86_64" | "ARM64";
  readonly logGroup?: string;
  readonly region?: string;
  readonly taskRoleArn?: string;
  readonly executionRoleArn?: string;
  /** Network mode bridge only: the port on which the worker listens in its container. Default 7000. */
  readonly containerPort?: number;
  readonly environment: Readonly<Record<string, string>>;
  /** The version of Node in the image, for `rollcall doctor`. */
  readonly nodeVersion?: string;
}

const DEFAULT_CONTAINER_PORT = 7000;

/** Memory that Fargate takes for a size in CPU units, in MiB (developer guide, "Invalid CPU or memory value specified"). */
const FARGATE_SIZES: Readonly<Record<number, { readonly memory: string; fits(mib: number): boolean }>> = {
  256: { memory: "512, 1024 or 2048", fits: (mib) => [512, 1024, 2048].includes(mib) },
  512: fargateRange(1, 4, 1),
  1024: fargateRange(2, 8, 1),
  2048: fargateRange(4, 16, 1),
  4096: fargateRange(8, 30, 1),
  8192: fargateRange(16, 60, 4),
  16384: fargateRange(32, 120, 8),
};

function fargateRange(from: number, to: number, step: number) {
  return {
    memory: `${from * 1024} to ${to * 1024} in steps of ${step * 1024}`,
    fits: (mib: number) =>
      mib >= from * 1024 && mib <= to * 1024 && (mib - from * 1024) % (step * 1024) === 0,
  };
}

/**
 * A task definition that fits Rollcall's workers, as RegisterTaskDefinition takes it: no port mappings in network mode
 * host, so that an instance takes any number of workers; an init process, so that signals arrive and zombies are reaped.
 * Throws a `RangeError` for a combination that ECS would refuse.
 */
export function newDefinition(given: NewDefinition): RegisterTaskDefinitionCommandInput {
  const isFargate = given.network === "fargate";
  if (isFargate) checkFargate(given);
  const { containerPort = DEFAULT_CONTAINER_PORT } = given;
  if (given.network !== "bridge" && given.containerPort !== undefined) {
    throw new RangeError(
      `a container port is for network mode bridge; in mode ${given.network} none is declared`,
    );
  }
  const { cpu, memory, taskRoleArn, executionRoleArn, architecture } = given;
  const environment: KeyValuePair[] = Object.entries(given.environment).map(([name, value]) => ({
    name,
    value,
  }));
  return {
    family: given.family,
    networkMode: isFargate ? "awsvpc" : given.network,
    requiresCompatibilities: [isFargate ? "FARGATE" : "EC2"],
    // Fargate sizes the task; on EC2 the container's own size is what placement counts.
    ...(isFargate ? { cpu: `${cpu}`, memory: `${memory}` } : {}),
    ...(taskRoleArn === undefined ? {} : { taskRoleArn }),
    ...(executionRoleArn === undefined ? {} : { executionRoleArn }),
    ...(architecture === undefined
      ? {}
      : { runtimePlatform: { cpuArchitecture: architecture, operatingSystemFamily: "LINUX" } }),
    containerDefinitions: [
      {
        name: given.containerName,
        image: given.image,
        essential: true,
        ...(isFargate ? {} : { cpu, memory }),
        ...(environment.length === 0 ? {} : { environment }),
        ...(given.network === "bridge"
          ? { portMappings: [{ containerPort, hostPort: 0, protocol: "tcp" }] }
          : {}),
        ...(given.nodeVersion === undefined ? {} : { dockerLabels: { [NODE_LABEL]: given.nodeVersion } }),
        linuxParameters: { initProcessEnabled: true },
        stopTimeout: given.stopTimeout,
        ...logConfiguration(given),
      },
    ],
  };
}

function checkFargate({ cpu, memory, stopTimeout, logGroup, executionRoleArn }: NewDefinition): void {
  const size = FARGATE_SIZES[cpu];
  if (size === undefined) {
    throw new RangeError(
      `Fargate has no size of ${cpu} CPU units; it has ${Object.keys(FARGATE_SIZES).join(", ")}`,
    );
  }
  if (!size.fits(memory)) {
    throw new RangeError(`Fargate does not have ${memory} MiB with ${cpu} CPU units; it has ${size.memory}`);
  }
  if (stopTimeout < 2 || stopTimeout > 120) {
    throw new RangeError(`the stop timeout on Fargate is 2 to 120 seconds, not ${stopTimeout}`);
  }
  if (logGroup !== undefined && executionRoleArn === undefined) {
    throw new RangeError("a log group on Fargate needs an execution role, which writes there");
  }
}

function logConfiguration({ logGroup, region, family }: NewDefinition) {
  if (logGroup === undefined) return {};
  // The driver's documentation: awslogs-region is required.
  if (region === undefined)
    throw new RangeError("a log group needs its region: give --region, or set AWS_REGION");
  const options = { "awslogs-group": logGroup, "awslogs-stream-prefix": family, "awslogs-region": region };
  return { logConfiguration: { logDriver: "awslogs" as const, options } };
}
