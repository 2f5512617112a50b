import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type { ECSServiceClient } from "./ecs-client.js";
import { logStream } from "./ecs-console.js";
import type { LogDestination } from "./ecs-task-definition.js";
import { abortable } from "../../util/time-limit.js";
import { pause } from "./ecs-wait.js";

const LINES = 20;
const LONGEST_LINE = 400;
/** The log driver delivers with some delay: a stream that is not there yet may come. */
const PATIENCE_MS = 3000;
const RETRY_MS = 250;

/** Reads the last lines of tasks from CloudWatch Logs. Owns its clients, one for each region. */
export class LogTail {
  readonly #ecs: ECSServiceClient;
  readonly #given: CloudWatchLogsClient | undefined;
  readonly #clients = new Map<string, Promise<CloudWatchLogsClient | undefined>>();

  constructor(ecs: ECSServiceClient, given: CloudWatchLogsClient | undefined) {
    this.#ecs = ecs;
    this.#given = given;
  }

  /**
   * The last lines that the container wrote, oldest first. What stands in the way (no package, no right, no stream)
   * gives no lines and no error: the output only illustrates the error it is meant for.
   */
  async lastLines(
    destination: LogDestination,
    containerName: string,
    taskArn: string,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const stream = logStream({ ...destination, containerName }, taskArn.split("/").at(-1) ?? "");
    const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
    try {
      const client = await this.#client(destination.region);
      return client === undefined ? [] : await readTail(client, destination.group, stream, limit);
    } catch {
      return [];
    }
  }

  async close(): Promise<void> {
    const clients = [...this.#clients.values()];
    this.#clients.clear();
    for (const client of clients) {
      // A client that could not be made has nothing to close.
      await client.then((made) => made?.destroy()).catch(() => undefined);
    }
  }

  #client(region: string | undefined): Promise<CloudWatchLogsClient | undefined> {
    if (this.#given !== undefined) return Promise.resolve(this.#given);
    const key = region ?? "";
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    const made = this.#ecs.newLogsClient(region);
    this.#clients.set(key, made);
    return made;
  }
}

async function readTail(
  client: CloudWatchLogsClient,
  logGroupName: string,
  logStreamName: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { GetLogEventsCommand } = await import("@aws-sdk/client-cloudwatch-logs");
  const input = { logGroupName, logStreamName, limit: LINES, startFromHead: false };
  while (!signal.aborted) {
    const sent = client.send(new GetLogEventsCommand(input), { abortSignal: signal });
    const events = await abortable(sent, signal).then(
      (answer) => answer.events ?? [],
      (error: unknown) => {
        if (error instanceof Error && error.name === "ResourceNotFoundException") return [];
        throw error;
      },
    );
    if (events.length > 0) {
      return events.map((event) => (event.message ?? "").trimEnd().slice(0, LONGEST_LINE));
    }
    await pause(RETRY_MS, signal);
  }
  return [];
}
