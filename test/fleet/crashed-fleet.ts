/** Starts a fleet with the name that it is given, starts a container on it, and kills itself. */
import Docker from "dockerode";
import { Fleet } from "./fleet.js";

const fleet = await Fleet.start({ name: process.argv[2] ?? "", instances: 1 });
const { image, instances } = fleet.description;
const engine = new Docker({ socketPath: instances[0]?.dockerSocket ?? "" });
const container = await engine.createContainer({
  Image: image,
  Cmd: ["node", "-e", "setInterval(() => {}, 1000)"],
  HostConfig: { NetworkMode: "host" },
});
await container.start();
process.kill(process.pid, "SIGKILL");
