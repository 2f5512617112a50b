import Docker from "dockerode";
import { Fleet } from "../test/fleet/fleet.js";
import type { FleetInstance } from "../test/fleet/instance.js";
import { whatIsMissing } from "../test/fleet/requirements.js";
import type { Bench, Closers, Contender, Readings } from "./bench.js";

type NetworkMode = "host" | "bridge";

const PORT = 8080;
const MESSAGE_BYTES = 64;
/** So that one write holds what a large argument of a call would. */
const CHUNK_BYTES = 65_536;

/** Why workers share the network of their instance: what the way through Docker's bridge costs. */
export const networkModes: Bench = {
  name: "network-modes",
  title: "Two containers on two container instances, host against bridge networking",
  notes:
    "Bare TCP between Node processes, each in a container of an engine of its own; the two instances are network " +
    `namespaces on one bridge. ${MESSAGE_BYTES} bytes there and back (noDelay), then writes of ${CHUNK_BYTES / 1024} KiB ` +
    "one way. In bridge mode the port is mapped with hostPort 0. The ratio is host over bridge.",
  rounds: 7,
  figures: [
    { key: "roundTrips", label: "round trips", unit: "1/s", isCompared: true },
    { key: "rate", label: "rate", unit: "MB/s", isCompared: true },
  ],
  whyNot: () => whatIsMissing(),
  async open({ isQuick }, closers) {
    const fleet = await Fleet.start({ name: "bench", instances: 2 });
    closers.add(() => fleet[Symbol.asyncDispose]());
    const [near, far] = fleet.description.instances;
    if (near === undefined || far === undefined) throw new Error("the fleet has two instances");
    const { image } = fleet.description;
    const ms = isQuick ? 200 : 1_500;
    const contenders: Contender[] = [];
    for (const mode of ["host", "bridge"] as const)
      contenders.push(await between(near, far, { image, mode, ms }, closers));
    return contenders;
  },
};

/** A server on the far instance, which waits, and for each round a client on the near one. */
async function between(
  near: FleetInstance,
  far: FleetInstance,
  { image, mode, ms }: { readonly image: string; readonly mode: NetworkMode; readonly ms: number },
  closers: Closers,
): Promise<Contender> {
  const server = await create(far, image, mode, ["node", "-e", SERVER]);
  closers.add(() => server.remove({ force: true }));
  await server.start();
  const { NetworkSettings } = await server.inspect();
  // The bench's host servers are in the way of nobody: the fleet is its own.
  const port = mode === "host" ? PORT : Number(NetworkSettings.Ports[`${PORT}/tcp`]?.[0]?.HostPort);
  async function measure(): Promise<Readings> {
    const args = [far.address, `${port}`, `${ms}`];
    const client = await create(near, image, mode, ["node", "-e", CLIENT, ...args]);
    try {
      await client.start();
      await client.wait();
      return JSON.parse(await outputOf(client)) as Readings;
    } finally {
      await client.remove({ force: true });
    }
  }
  return { name: mode, measure };
}

function create(
  { dockerSocket }: FleetInstance,
  image: string,
  mode: NetworkMode,
  command: readonly string[],
): Promise<Docker.Container> {
  return new Docker({ socketPath: dockerSocket }).createContainer({
    Image: image,
    Cmd: [...command],
    ExposedPorts: { [`${PORT}/tcp`]: {} },
    HostConfig: {
      NetworkMode: mode,
      ...(mode === "bridge" ? { PortBindings: { [`${PORT}/tcp`]: [{ HostPort: "" }] } } : {}),
    },
  });
}

/** Its one line. The engine puts eight bytes before each piece of output. */
async function outputOf(container: Docker.Container): Promise<string> {
  const output = await container.logs({ stdout: true, stderr: true, follow: false });
  return output.subarray(8).toString("utf8");
}

/** Sends back what begins with 1, and swallows everything else until its end. */
const SERVER = `
  require("node:net").createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on("error", () => {});
    socket.once("data", (first) => {
      if (first[0] !== 1) return socket.resume().on("end", () => socket.end("all"));
      socket.write(first);
      socket.on("data", (bytes) => socket.write(bytes)).on("end", () => socket.end());
    });
  }).listen(${PORT});`;

const CLIENT = `
  const [host, port, ms] = process.argv.slice(1);
  const { once } = require("node:events");
  async function open() {
    for (let tries = 0; ; tries++) {
      const socket = require("node:net").connect({ host, port: Number(port), noDelay: true });
      try { await once(socket, "connect"); return socket; }
      catch (error) { if (tries === 50) throw error; await new Promise((next) => setTimeout(next, 50)); }
    }
  }
  (async () => {
    const echo = await open();
    const message = Buffer.alloc(${MESSAGE_BYTES}, 1);
    let missing = 0, done;
    echo.on("data", (bytes) => { if ((missing -= bytes.length) === 0) done(); });
    let roundTrips = 0;
    const began = performance.now();
    while (performance.now() - began < ms) {
      missing = message.length;
      echo.write(message);
      await new Promise((resolve) => (done = resolve));
      roundTrips++;
    }
    const seconds = (performance.now() - began) / 1000;
    echo.destroy();
    const sink = await open();
    const chunk = Buffer.alloc(${CHUNK_BYTES}, 2);
    let sent = 0;
    const first = performance.now();
    while (performance.now() - first < ms) {
      sent += chunk.length;
      if (!sink.write(chunk)) await once(sink, "drain");
    }
    sink.end();
    await once(sink, "data");
    const rate = sent / 1e6 / ((performance.now() - first) / 1000);
    sink.destroy();
    console.log(JSON.stringify({ roundTrips: roundTrips / seconds, rate }));
  })();`;
