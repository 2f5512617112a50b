/**
 * Runs on the manager's host: the demo, with its workers in containers on the fleet's instances. Their image has nothing of the
 * demo, whose code and data are sent to them.
 */
import { ECSManager } from "#dist/managers/ecs/index.js";
import { searchAndTell } from "../../demo/demo.js";
import type { DemoOptions } from "../../demo/options.js";
import { prepareFolder } from "../../demo/picture.js";
import { instanceSize, openSolverOn, taskSize, type OpenManager } from "../../demo/solve.js";
import { FleetEndpoint } from "./fleet-endpoint.js";
import { toldToEnd } from "./told-to-end.js";

const managerOnFleet: OpenManager = async ({ workers }, resources) => {
  const endpoint = await FleetEndpoint.start(instanceSize(workers));
  resources.push(endpoint);
  await endpoint.register({ image: endpoint.fleet.genericImage, ...taskSize });
  return new ECSManager({ client: endpoint.client, taskDefinition: "worker", workers, command: "image" });
};

const options = JSON.parse(process.argv[3] ?? "{}") as DemoOptions;
const { stdout, stderr } = process;
const signal = toldToEnd();
try {
  await searchAndTell(options, prepareFolder(options.output), {
    stdout,
    stderr,
    signal,
    openSolver: (...args) => openSolverOn(managerOnFleet, ...args),
  });
} catch (error) {
  process.exitCode = 1;
  if (!signal.aborted) console.error(error);
}
