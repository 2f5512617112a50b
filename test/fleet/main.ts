/** `npm run fleet`: a fleet with an ECS endpoint, to be used by hand until a signal ends it. */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { Fleet } from "./fleet.js";
import { spawnIn } from "./host-process.js";
import { whatIsMissing } from "./requirements.js";

const NAME = "hand";
const instances = Number(process.argv[2] ?? 2);
const missing =
  instances >= 1 && instances <= 4
    ? whatIsMissing()
    : `"${process.argv[2]}" is no number of instances from 1 to 4`;
if (missing !== undefined) {
  console.error(`fleet: ${missing}`);
  process.exit(2);
}

// Whatever it takes to start, a signal meanwhile must not leave half a fleet behind.
let end = (): void => undefined;
let isEnded = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    isEnded = true;
    end();
  });
}

console.error(`fleet: starting ${instances} container instances`);
await using fleet = await Fleet.start({ name: NAME, instances });
if (!isEnded) {
  const program = new URL("endpoint-main.js", import.meta.url).pathname;
  const argument = JSON.stringify(fleet.description);
  const command = [process.execPath, "--no-warnings", program, argument, fleet.manager.namespace];
  const endpoint = spawnIn(fleet.manager.namespace, command, ["ignore", "inherit", "inherit", "ipc"], {
    detached: true,
  });
  end = () => endpoint.kill("SIGTERM");
  // What is typed is for the endpoint, which is in a process group of its own and so cannot read it.
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    if (endpoint.connected) endpoint.send(line);
  });
  await once(endpoint, "close");
  lines.close();
}
console.error("fleet: removing everything");
