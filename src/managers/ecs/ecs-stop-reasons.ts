/**
 * What people can do about a task that stopped, by the texts that ECS and its agent use (Amazon ECS developer guide,
 * "Stopped tasks error codes"; the agent's names of container errors). First match counts.
 */
const ADVICE: readonly { text: RegExp; advice: string }[] = [
  {
    text: /OutOfMemory/i,
    advice: "it went over the memory limit of its container: raise memory, or give each worker less to hold",
  },
  {
    text: /CannotPull\w*Error.*toomanyrequests/is,
    advice: "the registry limits pulls: log in to it or mirror the image",
  },
  {
    text: /CannotPull\w*Error.*(not found|manifest unknown|no matching manifest|does not exist)/is,
    advice: "check the image's name, tag and CPU architecture in the task definition",
  },
  {
    text: /CannotPull\w*Error.*(AccessDenied|no basic auth credentials|denied|403)/is,
    advice: "give the execution role (or the instance role) the right to pull from this registry",
  },
  { text: /CannotPull\w*Error.*no space left/is, advice: "the instance's disk is full" },
  {
    text: /CannotPull\w*Error.*(i\/o timeout|connection refused|context canceled|timeout)/is,
    advice: "the task has no route to the registry: it needs a public address, NAT or VPC endpoints",
  },
  { text: /CannotPull\w*Error/i, advice: "check the image in the task definition and the rights to pull it" },
  {
    text: /ResourceInitializationError/i,
    advice:
      "secrets, logs or volumes could not be set up: check the execution role, the log group and VPC endpoints",
  },
  {
    text: /Cannot(Start|Create)Container\w*/i,
    advice:
      "the container could not run its command: check command, entry point and working directory of the image",
  },
  {
    text: /spot|Host EC2 .* (terminated|stopped)/i,
    advice: "its capacity was taken back; start a replacement",
  },
  { text: /maintenance|instance draining/i, advice: "AWS retired what it ran on; start a replacement" },
  {
    text: /RESOURCE:|EMPTY CAPACITY PROVIDER|NO ACTIVE INSTANCES/i,
    advice:
      "the capacity provider brought no instance with room: check its Auto Scaling group and the task's sizes",
  },
  {
    text: /network interface|EphemeralStorage provisioning/i,
    advice: "AWS could not set the task up; try again",
  },
];

/** Exit codes by which the container runtime says that the command could not be run. */
const EXIT_CODE_ADVICE: Readonly<Record<number, string>> = {
  125: "the container runtime could not run the command",
  126: "the command in the container cannot be executed: check its permissions",
  127: "the command does not exist in the container: check command and the image's working directory",
  137: "it was killed (SIGKILL): out of memory, or it did not end in time after SIGTERM",
};

export function stopAdvice(texts: readonly string[], exitCode: number | undefined): string | undefined {
  const all = texts.join("\n");
  const byText = ADVICE.find((row) => row.text.test(all))?.advice;
  return byText ?? (exitCode === undefined ? undefined : EXIT_CODE_ADVICE[exitCode]);
}
