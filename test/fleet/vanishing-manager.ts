/** A manager that does nothing more once its workers have joined, and write. Its parent ends it. */
import { ECSClient, type ECSClientConfig } from "@aws-sdk/client-ecs";
import { Cluster } from "#dist/index.js";
import { ECSManager } from "#dist/managers/ecs/index.js";
import { writeForever } from "./work.js";

export interface VanishingManager {
  readonly joined: readonly {
    readonly host: string;
    readonly reachedBy: "dial" | "reverse";
    readonly reportedHosts: readonly string[];
  }[];
}

const config = JSON.parse(process.env["ECS_CLIENT"] ?? "{}") as ECSClientConfig;
const cluster = new Cluster({
  output: "ignore",
  heartbeat: { intervalMs: 100, suspectMs: 1_000, lostMs: 2_000 },
  managerGraceMs: 1_000,
});
const { joined } = await cluster.addProcs(
  new ECSManager({
    client: new ECSClient(config),
    taskDefinition: "worker",
    workers: 4,
    command: "image",
  }),
);
await Promise.all(joined.map(({ pid }) => cluster.remoteCallFetch(writeForever, pid)));
process.send?.({
  joined: joined.map(({ host, reachedBy, report }) => ({ host, reachedBy, reportedHosts: report.hosts })),
} satisfies VanishingManager);
