import { once } from "node:events";
import { spawnIn } from "../test/fleet/host-process.js";
import { Fleet, type FleetDescription } from "../test/fleet/fleet.js";
import type { FleetInstance } from "../test/fleet/instance.js";
import { whatIsMissing } from "../test/fleet/requirements.js";
import type { Bench, Closers, Contender, Readings } from "./bench.js";
import { fixture } from "./fixture-process.js";
import type { NetworkCallsOptions } from "./fixtures/network-calls.js";

const MODES = ["host", "bridge", "awsvpc", "reverse"] as const;

/** Rollcall's own calls over the networks that `network-modes` measures bare. */
export const networkCalls: Bench = {
  name: "network-calls",
  title: "Calls of a worker in a container on another container instance, in each network mode",
  notes:
    "The manager shares the network of one instance, as a container in network mode host does; its worker is a container of " +
    "the other instance's engine, started through RunTask. One small call after the other, then buffers of 8 MiB, two " +
    "at once, of which the worker returns the length. In `reverse` the worker, in network mode host, opens the " +
    "connection itself. The ratio is host over the others.",
  rounds: 7,
  figures: [
    { key: "roundTrips", label: "round trips", unit: "1/s", isCompared: true },
    { key: "rate", label: "rate", unit: "MB/s", isCompared: true },
  ],
  whyNot: () => whatIsMissing(),
  async open({ isQuick }, closers) {
    const fleet = await Fleet.start({ name: "benchcalls", instances: 2 });
    closers.add(() => fleet[Symbol.asyncDispose]());
    const [near, far] = fleet.description.instances;
    if (near === undefined || far === undefined) throw new Error("the fleet has two instances");
    const ms = isQuick ? 200 : 1_500;
    // What the manager's program takes for the fleet: its own host, and the instance that its worker shall be on.
    const description: FleetDescription = {
      ...fleet.description,
      managerAddress: near.address,
      instances: [far],
    };
    const contenders: Contender[] = [];
    for (const mode of MODES) contenders.push(await manager(near, description, { mode, ms }, closers));
    return contenders;
  },
};

async function manager(
  near: FleetInstance,
  description: FleetDescription,
  options: NetworkCallsOptions,
  closers: Closers,
): Promise<Contender> {
  const program = [process.execPath, "--no-warnings", fixture("network-calls.js")];
  const command = [...program, JSON.stringify(description), JSON.stringify(options)];
  const child = spawnIn(near.namespace, command, ["ignore", "inherit", "inherit", "ipc"]);
  const exit = once(child, "exit");
  closers.add(async () => {
    if (child.connected) child.disconnect();
    await exit;
  });
  async function next(): Promise<Readings> {
    const ended = exit.then(([code]: unknown[]) => {
      throw new Error(`the manager of ${options.mode} ended with ${String(code)}`);
    });
    const [message] = (await Promise.race([once(child, "message"), ended])) as [Readings];
    return message;
  }
  await next();
  return {
    name: options.mode,
    measure: () => {
      const answer = next();
      child.send("measure");
      return answer;
    },
  };
}
