/** What `npm run demo -- --fleet` runs: the fleet, and on its manager's host the program that uses it. */
import { exitCodeOf } from "../../demo/fleet.js";
import { instances } from "../../demo/solve.js";
import { Fleet } from "./fleet.js";
import { spawnIn } from "./host-process.js";
import { whatIsMissing } from "./requirements.js";
import { toldToEnd } from "./told-to-end.js";

const NAME = "demo";
const [, , options = ""] = process.argv;
const missing = whatIsMissing();
if (missing !== undefined) {
  console.error(`option '--fleet' cannot be used here: ${missing}`);
  process.exit(2);
}

const ending = toldToEnd();
console.error(`Starting ${instances} container instances, each with a Docker engine of its own\n`);
await using fleet = await Fleet.start({ name: NAME, instances });
if (!ending.aborted) {
  const program = new URL("demo-program.js", import.meta.url).pathname;
  const command = [process.execPath, "--no-warnings", program, JSON.stringify(fleet.description), options];
  const stdio = ["ignore", "inherit", "inherit", "ipc"] as const;
  const child = spawnIn(fleet.manager.namespace, command, [...stdio], { detached: true });
  process.exitCode = await exitCodeOf(child, ending);
}
