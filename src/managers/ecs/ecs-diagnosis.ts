import type { ContainerDefinition, ContainerInstance, TaskDefinition } from "@aws-sdk/client-ecs";

/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  /** `fail`: no worker can come. `warn`: it may work, or not for long. `skip`: it could not be looked at. */
  readonly verdict: "ok" | "warn" | "fail" | "skip";
  /** What was seen. */
  readonly seen: string;
  /** What to change. */
  readonly advice?: string;
}

/** The label of a container (`dockerLabels`) that says which Node its image has. */
export const NODE_LABEL = "rollcall.node";

/** What the definition's network mode means for workers. */
export function checkNetworkMode(definition: TaskDefinition, container: ContainerDefinition): Check {
  const name = "network mode";
  const mode = definition.networkMode ?? "bridge";
  const ports = (definition.containerDefinitions ?? []).flatMap(({ portMappings = [] }) =>
    portMappings.map(({ hostPort, containerPort }) => hostPort ?? containerPort ?? 0),
  );
  switch (mode) {
    case "host":
      if (ports.length === 0) return { name, verdict: "ok", seen: "host, and no ports are declared" };
      return {
        name,
        verdict: "warn",
        seen: `host, and the host ports ${ports.join(", ")} are declared: an instance takes one worker only`,
        advice: "remove portMappings; in network mode host Rollcall needs none",
      };
    case "bridge": {
      const own = (container.portMappings ?? []).filter(({ protocol = "tcp" }) => protocol === "tcp");
      if (own.length === 0) {
        return {
          name,
          verdict: "warn",
          seen: "bridge, and the worker's container declares no port: nothing leads to it from outside",
          advice: `add { "containerPort": 7000, "hostPort": 0 } to its portMappings, or use network mode host`,
        };
      }
      const fixed = own.filter(({ hostPort = 0 }) => hostPort !== 0);
      if (fixed.length === 0) return { name, verdict: "ok", seen: "bridge, with a port that ECS maps" };
      return {
        name,
        verdict: "warn",
        seen: `bridge, with the fixed host port ${fixed[0]?.hostPort}: an instance takes one worker only`,
        advice: "set hostPort to 0",
      };
    }
    case "awsvpc":
      return {
        name,
        verdict: "ok",
        seen: "awsvpc: ECSManager needs networkConfiguration, with subnets and a security group that let workers and manager reach each other",
      };
    case "none":
    default:
      return {
        name,
        verdict: "fail",
        seen: `${mode}: workers could reach nobody`,
        advice: "use network mode host, bridge or awsvpc",
      };
  }
}

/** Where the worker's output goes, as far as errors can show it. */
export function checkOutput({ logConfiguration }: ContainerDefinition): Check {
  const name = "output";
  const { "awslogs-group": group, "awslogs-stream-prefix": prefix } = logConfiguration?.options ?? {};
  if (logConfiguration?.logDriver === "awslogs" && group !== undefined && prefix !== undefined) {
    return { name, verdict: "ok", seen: `to the log group ${group}` };
  }
  return {
    name,
    verdict: "warn",
    seen:
      logConfiguration?.logDriver === "awslogs"
        ? "to CloudWatch Logs without awslogs-stream-prefix: the stream of a task cannot be found"
        : `${logConfiguration?.logDriver ?? "no log driver"}: the last output of a worker that fails will not be seen`,
    advice: "use the log driver awslogs with awslogs-group, awslogs-region and awslogs-stream-prefix",
  };
}

/** Whether tasks of the definition can run on Fargate, as ECS has found when it was registered. */
export function checkFargate({ compatibilities = [] }: TaskDefinition): Check {
  const name = "Fargate";
  if (compatibilities.includes("FARGATE"))
    return { name, verdict: "ok", seen: "the definition can run there" };
  return {
    name,
    verdict: "fail",
    seen: `the definition is for ${compatibilities.join(", ") || "nothing"} only`,
    advice:
      "register one with networkMode awsvpc, and cpu and memory of the task (npx rollcall taskdef --network fargate)",
  };
}

/** Whether the roles that the definition needs are there. That they may be passed cannot be tried without a task. */
export function checkRoles(definition: TaskDefinition, isFargate: boolean): Check {
  const name = "roles";
  const containers = definition.containerDefinitions ?? [];
  const usesSecrets = containers.some(({ secrets = [] }) => secrets.length > 0);
  const logs = containers.some(({ logConfiguration }) => logConfiguration?.logDriver === "awslogs");
  const pulls = containers.some(({ image = "" }) => /\.dkr[.-]ecr\./.test(image));
  const needs = [
    ...(usesSecrets ? ["secrets"] : []),
    ...(isFargate && logs ? ["logs on Fargate"] : []),
    ...(isFargate && pulls ? ["an image in ECR on Fargate"] : []),
  ];
  if (definition.executionRoleArn === undefined && needs.length > 0) {
    return {
      name,
      verdict: "fail",
      seen: `there is no execution role, which is needed for ${needs.join(" and ")}`,
      advice: "set executionRoleArn in the task definition",
    };
  }
  const roles = [definition.taskRoleArn, definition.executionRoleArn].filter((role) => role !== undefined);
  const seen = roles.length === 0 ? "none" : `${roles.join(", ")}: the manager needs iam:PassRole for them`;
  return { name, verdict: "ok", seen };
}

/** A worker belongs to one launch: what its container becomes after it is turned away. */
export function checkRestart({ restartPolicy }: ContainerDefinition): readonly Check[] {
  if (restartPolicy?.enabled !== true) return [];
  return [
    {
      name: "restart policy",
      verdict: "warn",
      seen: "when a worker ends ECS starts it again in the same task, where no launch waits for it",
      advice:
        "remove restartPolicy from the worker's container; the option replace of addProcs starts others",
    },
  ];
}

/** The Node of the image, if a label says it, against that of the manager (`v20.19.0`). */
export function checkNode({ dockerLabels }: ContainerDefinition, ownVersion: string): Check {
  const name = "Node";
  const label = dockerLabels?.[NODE_LABEL];
  if (label === undefined) {
    return {
      name,
      verdict: "skip",
      seen: `the definition has no label ${NODE_LABEL} with the version in its image`,
    };
  }
  const major = (version: string): string => /^v?(\d+)/.exec(version)?.[1] ?? version;
  if (major(label) === major(ownVersion))
    return { name, verdict: "ok", seen: `${label} in the image, ${ownVersion} here` };
  return {
    name,
    verdict: "warn",
    seen: `${label} in the image, ${ownVersion} here`,
    advice:
      "run both with the same major version: programs can behave differently, and values may not travel",
  };
}

/** What one task takes from an instance: CPU units and MiB. */
export interface TaskSize {
  readonly cpu: number;
  readonly memory: number;
}

/** As ECS counts for placement: the task's own size, or else the sum of its containers' (the soft limit of memory first). */
export function taskSize(definition: TaskDefinition): TaskSize {
  const sum = (of: (container: ContainerDefinition) => number | undefined): number =>
    (definition.containerDefinitions ?? []).reduce((total, container) => total + (of(container) ?? 0), 0);
  return {
    cpu: Number(definition.cpu ?? sum(({ cpu }) => cpu)),
    memory: Number(definition.memory ?? sum(({ memoryReservation, memory }) => memoryReservation ?? memory)),
  };
}

/**
 * Whether the instances have room for so many tasks, now or when they are empty. Capacity providers of the ECS cluster may
 * bring more of them.
 */
export function checkCapacity(
  definition: TaskDefinition,
  instances: readonly ContainerInstance[],
  wanted: number,
  providers: readonly string[] = [],
): readonly Check[] {
  const name = "capacity";
  const mayGrow = providers.length > 0;
  const size = taskSize(definition);
  const usable = instances.filter(
    ({ status, agentConnected }) => status === "ACTIVE" && agentConnected === true,
  );
  const away = instances.length - usable.length;
  const agents: readonly Check[] =
    away === 0
      ? []
      : [
          {
            name: "agents",
            verdict: usable.length === 0 && !mayGrow ? "fail" : "warn",
            seen: `${away} of ${instances.length} container instances are draining or their ECS agent is disconnected`,
            advice: "look at the ECS agent of these instances, and at their route to the ECS endpoint",
          },
        ];
  if (usable.length === 0) return agents;
  const fitting = usable.filter((instance) => missingAttributes(definition, instance).length === 0);
  if (fitting.length === 0) {
    const missing = missingAttributes(definition, usable[0] ?? {});
    return [
      ...agents,
      {
        name: "attributes",
        verdict: "fail",
        seen: `no instance has all that the task definition requires; the first lacks ${missing.join(", ")}`,
        advice:
          "use another image of the instances or another setting of their agent, or change the task definition",
      },
    ];
  }
  const one = hasHostPorts(definition);
  const count = (resources: "remainingResources" | "registeredResources"): number =>
    fitting.reduce((total, instance) => total + howMany(size, instance[resources] ?? [], one), 0);
  const [now, empty] = [count("remainingResources"), count("registeredResources")];
  const each = `a task takes ${size.cpu} CPU units and ${size.memory} MiB`;
  const seen = `${each}: ${now} fit now, ${empty} on empty instances (${fitting.length} instances)`;
  if (now >= wanted) return [...agents, { name, verdict: "ok", seen }];
  if (mayGrow) {
    const advice =
      `the capacity providers ${providers.join(", ")} may bring instances, for tasks that are started with ` +
      "capacityProviderStrategy or, without launchType, by the strategy of the ECS cluster";
    return [...agents, { name, verdict: "warn", seen: `${seen}; ${wanted} are wanted`, advice }];
  }
  const advice =
    empty < wanted
      ? "add instances, lower the sizes in the task definition, or name a capacityProviderStrategy that brings instances"
      : "other tasks hold the room: stop them, add instances, or wait";
  return [
    ...agents,
    { name, verdict: now === 0 ? "fail" : "warn", seen: `${seen}; ${wanted} are wanted`, advice },
  ];
}

/** Attributes that ECS requires of an instance for this definition, and that this one does not have. */
export function missingAttributes(
  definition: TaskDefinition,
  instance: ContainerInstance,
): readonly string[] {
  const has = new Set((instance.attributes ?? []).map(({ name }) => name));
  return (definition.requiresAttributes ?? [])
    .map(({ name }) => name)
    .filter((name): name is string => name !== undefined && !has.has(name));
}

function hasHostPorts({ networkMode, containerDefinitions = [] }: TaskDefinition): boolean {
  const mappings = containerDefinitions.flatMap(({ portMappings = [] }) => portMappings);
  return networkMode === "host" ? mappings.length > 0 : mappings.some(({ hostPort = 0 }) => hostPort !== 0);
}

function howMany(
  { cpu, memory }: TaskSize,
  resources: NonNullable<ContainerInstance["remainingResources"]>,
  atMostOne: boolean,
): number {
  const amount = (name: string): number =>
    resources.find((resource) => resource.name === name)?.integerValue ?? 0;
  const of = (total: number, each: number): number => (each === 0 ? Infinity : Math.floor(total / each));
  const fits = Math.max(0, Math.min(of(amount("CPU"), cpu), of(amount("MEMORY"), memory)));
  return Math.min(fits, atMostOne ? 1 : 1000);
}
