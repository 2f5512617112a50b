/** What a worker wants to know of the ECS task that it runs in. */
export interface TaskMetadata {
  readonly taskArn: string;
  /** The task's own address; only in network mode `awsvpc`. */
  readonly address: string | undefined;
}

const ATTEMPTS = 5;
const ATTEMPT_MS = 1_000;

/**
 * Reads the task metadata endpoint v4 (`ECS_CONTAINER_METADATA_URI_V4`). Undefined outside of ECS, or if the endpoint
 * gives no usable answer: the agent serves 40 requests a second for a whole instance, so a busy answer is tried again.
 */
export async function readTaskMetadata(uri: string | undefined): Promise<TaskMetadata | undefined> {
  if (uri === undefined || uri === "") return undefined;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      return parse(await getText(`${uri}/task`));
    } catch {
      // Random, so that the workers of one instance do not come back together.
      await new Promise((resolve) => setTimeout(resolve, attempt * 100 * (1 + Math.random())));
    }
  }
  return undefined;
}

function parse(text: string): TaskMetadata {
  const task = JSON.parse(text) as {
    TaskARN?: string;
    Containers?: { Networks?: { NetworkMode?: string; IPv4Addresses?: string[] }[] }[];
  };
  if (typeof task.TaskARN !== "string") throw new TypeError("the task metadata name no task");
  const networks = (task.Containers ?? []).flatMap((container) => container.Networks ?? []);
  const own = networks.find((network) => network.NetworkMode === "awsvpc");
  // In awsvpc mode the agent's own link-local interface may be listed too; nobody else reaches it.
  const address = own?.IPv4Addresses?.find(
    (candidate) => candidate !== "" && !candidate.startsWith("169.254."),
  );
  return { taskArn: task.TaskARN, address };
}

async function getText(url: string): Promise<string> {
  // Outside of ECS no worker should wait for this module to load.
  const { get } = await import("node:http");
  return new Promise((resolve, reject) => {
    const request = get(url, { timeout: ATTEMPT_MS, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => (text += piece));
      response.on("error", reject);
      response.on("end", () =>
        response.statusCode === 200 ? resolve(text) : reject(new Error(`HTTP ${response.statusCode}`)),
      );
    });
    request.on("timeout", () => request.destroy(new Error("no answer in time")));
    request.on("error", reject);
  });
}
