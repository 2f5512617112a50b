/**
 * What a stopped task died of, and what people can do about it, by the texts that ECS and its agent use (Amazon ECS
 * developer guide, "Stopped tasks error codes"; the agent's own names of container errors, `<Name>Error: <text>`).
 */
export interface StopCause {
  /** Short and stable: tasks that died alike have the same. */
  readonly cause: string;
  readonly advice: string;
}

interface Row extends StopCause {
  readonly text: RegExp;
}

const REPLACE = "start a replacement";

const PULLS: readonly Row[] = [
  {
    text: /toomanyrequests|pull rate limit/i,
    cause: "image pulls limited",
    advice: "the registry limits pulls: log in to it, or mirror the image into ECR",
  },
  {
    text: /no space left/i,
    cause: "disk full",
    advice: "the disk of the instance is full: remove images there, or give it a larger volume",
  },
  {
    text: /no matching manifest|does not match the specified platform|exec format error/i,
    cause: "wrong CPU architecture",
    advice:
      "the image is not built for the CPU architecture of the instance: build it for both, or set runtimePlatform",
  },
  {
    text: /repository does not exist or may require|pull access denied/i,
    cause: "image not found, or private",
    advice:
      "check the image's name in the task definition; if it is private, give the execution role the right to pull it",
  },
  {
    text: /AccessDenied|no basic auth credentials|not authorized|unauthorized|denied|\b403\b/i,
    cause: "image pull refused",
    advice: "give the execution role (or the instance role) the right to pull from this registry",
  },
  {
    text: /not found|manifest unknown|does not exist|\b404\b/i,
    cause: "image not found",
    advice: "check the image's name, tag and CPU architecture in the task definition",
  },
  {
    text: /i\/o timeout|connection refused|context canceled|context deadline|timeout|no such host|net\/http/i,
    cause: "registry unreachable",
    advice:
      "the task has no route to the registry: it needs a public address, NAT, or VPC endpoints (for ECR: ecr.api, " +
      "ecr.dkr and S3)",
  },
  {
    text: /(?:)/,
    cause: "image pull failed",
    advice: "check the image in the task definition and the rights to pull it",
  },
];

const SET_UPS: readonly Row[] = [
  {
    text: /(retrieve|get) (ecr )?registry auth|api\.ecr/i,
    cause: "registry unreachable",
    advice:
      "the task cannot log in to ECR: it needs a route to it (a public address, NAT, or the VPC endpoints ecr.api, " +
      "ecr.dkr and S3), and the execution role the right",
  },
  {
    text: /logger|log ?group|log ?stream|awslogs|cloudwatch/i,
    cause: "log set-up failed",
    advice:
      "create the log group of the task definition (or set awslogs-create-group), and allow the execution role " +
      "logs:CreateLogStream and logs:PutLogEvents",
  },
  {
    text: /secret|ssm|parameter/i,
    cause: "secrets unavailable",
    advice:
      "allow the execution role secretsmanager:GetSecretValue or ssm:GetParameters, and give the task a route to them",
  },
  {
    text: /efs|mount|file ?system/i,
    cause: "file system not mounted",
    advice: "check the file system's mount targets and their security group (port 2049)",
  },
  {
    text: /(?:)/,
    cause: "resource set-up failed",
    advice:
      "secrets, logs or volumes could not be set up: check the execution role, the log group and VPC endpoints",
  },
];

const STARTS: readonly Row[] = [
  {
    text: /exec format error/i,
    cause: "wrong CPU architecture",
    advice:
      "the image is not built for the CPU architecture of the instance: build it for both, or set runtimePlatform",
  },
  {
    text: /executable file not found|no such file or directory|permission denied|chdir|ENOENT|EACCES|not executable/i,
    cause: "command cannot be run",
    advice:
      "the container could not run its command: check command, entry point and working directory of the image",
  },
  {
    text: /address already in use|port is already allocated/i,
    cause: "port in use",
    advice:
      "another container of the instance has the port; remove portMappings (in network mode host Rollcall needs none)",
  },
  {
    text: /device driver|nvidia|gpu/i,
    cause: "GPU unavailable",
    advice: "the instance has no such GPU or no driver for it: use a GPU-optimized image of the instance",
  },
  {
    text: /(?:)/,
    cause: "container not started",
    advice:
      "the container could not run its command: check command, entry point and working directory of the image",
  },
];

/** First match counts; rows with more than one way out go on to a table of their own. */
const CAUSES: readonly (Row | { readonly text: RegExp; readonly then: readonly Row[] })[] = [
  {
    text: /OutOfMemory/i,
    cause: "out of memory",
    advice: "it went over the memory limit of its container: raise memory, or give each worker less to hold",
  },
  { text: /CannotPull/i, then: PULLS },
  { text: /ResourceInitialization|ResourceNotFoundException/i, then: SET_UPS },
  { text: /Cannot(Start|Create)Container/i, then: STARTS },
  {
    text: /CannotCreateVolume|InvalidVolume/i,
    cause: "volume failed",
    advice: "check the volumes of the task definition and their drivers on the instance",
  },
  {
    text: /DockerTimeout|RuntimeTimeout|start timeout/i,
    cause: "container runtime too slow",
    advice: "the instance is overloaded or its disk is slow: place fewer tasks on it, or try again",
  },
  {
    text: /DockerState|ContainerRuntime|Cannot(Stop|Inspect)Container|ContainerVanished|HostConfig|ContainerNetworking/i,
    cause: "container runtime failed",
    advice:
      "the container engine of the instance has trouble: look at its ECS agent and engine, or replace the instance",
  },
  {
    text: /TaskDependency/i,
    cause: "container dependency failed",
    advice:
      "a container that the worker's depends on (dependsOn, volumesFrom) did not come up: look at that one",
  },
  {
    text: /SpotInterruption|TerminationNotice|\bspot (task|instance|request|capacity)/i,
    cause: "Spot interruption",
    advice: `its Spot capacity was taken back: ${REPLACE}, or use On-Demand capacity for a part of the workers`,
  },
  {
    text: /Host EC2 .*(terminated|stopped)/i,
    cause: "instance gone",
    advice: `its instance was terminated or stopped (Spot, scale-in, or by hand): ${REPLACE}`,
  },
  {
    text: /performing maintenance|task retirement/i,
    cause: "platform maintenance",
    advice: `AWS retired what it ran on: ${REPLACE}`,
  },
  {
    text: /instance draining/i,
    cause: "instance draining",
    advice: `its instance is being replaced: ${REPLACE}`,
  },
  {
    text: /EMPTY CAPACITY PROVIDER|NO ACTIVE INSTANCES/i,
    cause: "no instances",
    advice:
      "the capacity provider brought no instance: check its Auto Scaling group, and that managed scaling is on",
  },
  {
    text: /RESOURCE:/i,
    cause: "no capacity",
    advice:
      "the capacity provider brought no instance with room: check its Auto Scaling group and the task's sizes",
  },
  {
    text: /placement constraint/i,
    cause: "placement constraint",
    advice: "no instance matches placementConstraints; loosen them",
  },
  {
    text: /TaskFailedToStart: ATTRIBUTE/i,
    cause: "missing attribute",
    advice:
      "no instance has what the task definition needs: compare its requiresAttributes with the instances'",
  },
  {
    text: /TaskFailedToStart: AGENT/i,
    cause: "agent disconnected",
    advice:
      "the ECS agent of the instance is disconnected; look at the instance, or at its route to the ECS endpoint",
  },
  {
    text: /unused device index/i,
    cause: "network interface not ready",
    advice:
      "tasks in awsvpc mode followed each other too quickly on one instance: try again, or use network mode host",
  },
  {
    text: /free addresses|InsufficientFreeAddresses|no available (ip )?address/i,
    cause: "subnet is full",
    advice: "the subnets have no free addresses left: add larger ones, or use network mode host",
  },
  {
    text: /network interface|elastic network/i,
    cause: "network interface failed",
    advice:
      "AWS could not set up the task's network interface: try again; if it stays, check subnets and security groups",
  },
  {
    text: /EphemeralStorage/i,
    cause: "storage not ready",
    advice: "AWS could not set up the task's storage: try again",
  },
  {
    text: /TaskStateError|InternalError|InfrastructureHealth/i,
    cause: "infrastructure fault",
    advice: `what the task ran on had a fault: ${REPLACE}`,
  },
  {
    text: /failed .*health checks?|health checks? failed/i,
    cause: "health check failed",
    advice:
      "a Rollcall worker needs no health check: remove it from the task definition, or give it more time",
  },
  {
    text: /UserInitiated[^]*Rollcall:/,
    cause: "stopped by Rollcall",
    advice: "the reason says why; what the worker wrote before says what it did",
  },
  {
    text: /UserInitiated/,
    cause: "stopped by somebody",
    advice: "somebody called StopTask: the reason is theirs, and CloudTrail says who it was",
  },
  {
    text: /ServiceSchedulerInitiated/,
    cause: "stopped by a service",
    advice: "a service's scheduler stopped it: Rollcall's tasks should belong to no service",
  },
];

/** Exit codes: those of the container runtime for a command that could not be run, and 128 + signal (Docker's rule). */
const EXIT_CODES: Readonly<Record<number, StopCause>> = {
  0: {
    cause: "exit code 0",
    advice: "the program ended without an error: does the container's command start a Rollcall worker?",
  },
  1: {
    cause: "exit code 1",
    advice:
      "the program failed, or its worker could not reach the manager (security group, route): its output says which",
  },
  125: { cause: "command cannot be run", advice: "the container runtime could not run the command" },
  126: {
    cause: "command cannot be run",
    advice: "the command in the container cannot be executed: check its permissions",
  },
  127: {
    cause: "command cannot be run",
    advice: "the command does not exist in the container: check command and the image's working directory",
  },
  130: { cause: "killed by SIGINT", advice: "something in the container or on its instance interrupted it" },
  134: {
    cause: "aborted",
    advice:
      "the program aborted (SIGABRT); Node does so when its heap is full: raise memory or --max-old-space-size",
  },
  137: {
    cause: "killed",
    advice:
      "it was killed (SIGKILL): out of memory, or it did not end in time after SIGTERM, or Spot capacity was taken back",
  },
  139: {
    cause: "crashed",
    advice:
      "it crashed (SIGSEGV): look at native modules, and at the CPU architecture and libc they were built for",
  },
  143: {
    cause: "ended by SIGTERM",
    advice: "something in the container or on its instance asked it to end (SIGTERM)",
  },
};

/** What a task died of whose stop code, stopped reason and container reason are these. Always says something. */
export function stopCause(texts: readonly string[], exitCode: number | undefined): StopCause {
  const all = texts.join("\n");
  const row = CAUSES.find(({ text }) => text.test(all));
  const found = row !== undefined && "then" in row ? row.then.find(({ text }) => text.test(all)) : row;
  if (found !== undefined && "cause" in found) return { cause: found.cause, advice: found.advice };
  if (exitCode === undefined) {
    return { cause: texts[0] ?? "stopped", advice: "ECS gives no other reason; look at the task's events" };
  }
  return (
    EXIT_CODES[exitCode] ?? {
      cause: `exit code ${exitCode}`,
      advice: "the program ended by itself; what it wrote last says why",
    }
  );
}

/** The worker's container was ended because another one of its task, an essential one, had ended. */
export function otherContainerEnded(name: string, exitCode: number): StopCause {
  return {
    cause: "another container ended",
    advice: `the essential container ${JSON.stringify(name)} ended with exit code ${exitCode} and the task with it: look there`,
  };
}
