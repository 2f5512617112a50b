/** Runs on the manager's host: what a server on instance 1 notices of links that are cut, lossy and slow. */
import { RunTaskCommand } from "@aws-sdk/client-ecs";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { FleetEndpoint } from "./fleet-endpoint.js";

export interface LinksResult {
  /** Of `PACKETS` that were sent while a third was lost on the way, and as many on the way back. */
  readonly answeredOfLossy: number;
  readonly slowMs: number;
  readonly fastMs: number;
  readonly reachedWhileCut: { readonly first: boolean; readonly second: boolean };
  readonly reachedWhenHealed: boolean;
}

export const PACKETS = 900;
/** At this rate the server's bytes need two seconds, less what passes at once. */
export const SLOW_BITS_PER_SECOND = 1_000_000;
const BYTES = 250_000;
const PORT = 8080;
const WAIT_MS = 500;
const SOURCE = `
  const udp = require("node:dgram").createSocket("udp4");
  udp.on("message", (message, { port, address }) => udp.send(message, port, address));
  udp.bind(${PORT});
  require("node:net").createServer((socket) => socket.on("error", () => {}).end(Buffer.alloc(${BYTES})))
    .listen(${PORT}, () => console.log("listening"));
  process.on("SIGTERM", () => process.exit(0));`;

await using endpoint = await FleetEndpoint.start();
const { client, trouble, fleet } = endpoint;
await endpoint.register({ command: ["node", "-e", SOURCE] });
const listening = endpoint.untilSaid("listening", 2);
await client.send(
  new RunTaskCommand({
    taskDefinition: "worker",
    count: 2,
    placementConstraints: [{ type: "distinctInstance" }],
  }),
);
await listening;
const [first = "", second = ""] = fleet.instances.map(({ address }) => address);

trouble.losePackets(1 / 3);
const answeredOfLossy = await countAnswers(first);
trouble.heal();

trouble.limitRate(SLOW_BITS_PER_SECOND);
const slowMs = await receiveAll(first);
trouble.heal();
const fastMs = await receiveAll(first);

trouble.cut("manager", 1);
const reachedWhileCut = { first: await isReached(first), second: await isReached(second) };
trouble.heal();
const reachedWhenHealed = await isReached(first);
process.send?.({ answeredOfLossy, slowMs, fastMs, reachedWhileCut, reachedWhenHealed } satisfies LinksResult);
process.disconnect?.();

/** Until nothing more has come for a while. */
async function countAnswers(host: string): Promise<number> {
  const socket = createSocket("udp4");
  let answers = 0;
  await new Promise<void>((resolve) => {
    const quiet = setTimeout(resolve, WAIT_MS);
    socket.on("message", () => {
      answers += 1;
      quiet.refresh();
    });
    // A few at a time: no buffer on the way shall lose any by itself.
    let sent = 0;
    const sending = setInterval(() => {
      for (let burst = 0; burst < 10; burst += 1) socket.send("packet", PORT, host);
      sent += 10;
      if (sent >= PACKETS) clearInterval(sending);
    }, 1);
  });
  socket.close();
  return answers;
}

async function receiveAll(host: string): Promise<number> {
  const began = performance.now();
  const socket = connect(PORT, host).resume();
  await once(socket, "close");
  return performance.now() - began;
}

async function isReached(host: string): Promise<boolean> {
  const socket = connect(PORT, host);
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(WAIT_MS) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
