import { once } from "node:events";
import { spawnIn } from "../test/fleet/host-process.js";
import { Fleet, type FleetDescription } from "../test/fleet/fleet.js";
import type { FleetInstance } from "../test/fleet/instance.js";
import { whatIsMissing } from "../test/fleet/requirements.js";
import type { Bench, Closers, Readings } from "./bench.js";
import { fixture } from "./fixture-process.js";
import type { MeasuredMode, NetworkCallsOptions } from "./fixtures/network-calls.js";

const MODES: readonly MeasuredMode[] = ["host", "bridge", "awsvpc", "reverse"];

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
    const measure = await manager(near, description, { modes: MODES, ms }, closers);
    return MODES.map((mode) => ({ name: mode, measure: () => measure(mode) }));
  },
};

/** Starts the manager's program, in the network of one instance; resolves with what measures a mode when all workers are there. */
async function manager(
  near: FleetInstance,
  description: FleetDescription,
  options: NetworkCallsOptions,
  closers: Closers,
): Promise<(mode: MeasuredMode) => Promise<Readings>> {
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
      throw new Error(`the manager ended with ${String(code)}`);
    });
    const [message] = (await Promise.race([once(child, "message"), ended])) as [Readings];
    return message;
  }
  await next();
  return (mode) => {
    const answer = next();
    child.send(mode);
    return answer;
  };
}
