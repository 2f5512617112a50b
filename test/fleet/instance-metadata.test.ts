/** The metadata service of instances, asked from containers: the real thing is known for what it does not answer. */
import Docker from "dockerode";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Fleet, type FleetOptions } from "./fleet.js";
import { whyNoFleet } from "./requirements.js";

interface Asked {
  /** The instance's id, or why there is no answer. */
  readonly withToken: string;
  readonly withoutToken: string;
  readonly spot: string;
}

const ASK = `
  const root = "http://169.254.169.254/latest/";
  const get = async (path, headers) => {
    const answer = await fetch(root + path, { headers, signal: AbortSignal.timeout(1000) });
    return answer.ok ? await answer.text() : "HTTP " + answer.status;
  };
  const token = async () => {
    const headers = { "X-aws-ec2-metadata-token-ttl-seconds": "60" };
    const answer = await fetch(root + "api/token", { method: "PUT", headers, signal: AbortSignal.timeout(1000) });
    return { "X-aws-ec2-metadata-token": await answer.text() };
  };
  const or = (promise) => promise.catch((error) => error.name);
  const id = "meta-data/instance-id";
  Promise.all([
    or(token().then((headers) => get(id, headers))),
    or(get(id)),
    or(token().then((headers) => get("meta-data/spot/instance-action", headers))),
  ]).then(([withToken, withoutToken, spot]) => {
    console.log("told " + JSON.stringify({ withToken, withoutToken, spot }));
    process.exit();
  });`;
const ID = "i-00000000000000001";

void describe("the metadata service of an instance", { skip: whyNoFleet() }, () => {
  void test("by default wants tokens, and gives none to network mode bridge", async () => {
    await using fleet = await start({});
    assert.deepEqual(await ask(fleet, "host"), { withToken: ID, withoutToken: "HTTP 401", spot: "HTTP 404" });
    const unanswered = { withToken: "TimeoutError", withoutToken: "HTTP 401", spot: "TimeoutError" };
    assert.deepEqual(await ask(fleet, "bridge"), unanswered);
    assert.equal((await ask(fleet, "tasks")).withToken, ID);
    fleet.trouble.announceSpotInterruption(1);
    const { spot } = await ask(fleet, "host");
    assert.match(spot, /^{"action":"terminate","time":"[\d-]+T[\d:]+Z"}$/);
  });

  void test("gives tokens one hop farther with a hop limit of 2", async () => {
    await using fleet = await start({ hopLimit: 2 });
    assert.equal((await ask(fleet, "bridge")).withToken, ID);
  });

  void test("can answer without tokens, and keep quiet to network mode awsvpc", async () => {
    await using fleet = await start({ httpTokens: "optional", blocksAwsvpc: true });
    const { withToken, withoutToken } = await ask(fleet, "bridge");
    assert.deepEqual([withToken, withoutToken], ["TimeoutError", ID]);
    assert.deepEqual(await ask(fleet, "tasks"), {
      withToken: "TimeoutError",
      withoutToken: "TimeoutError",
      spot: "TimeoutError",
    });
  });
});

function start(options: Omit<FleetOptions, "name">): Promise<Fleet> {
  return Fleet.start({ name: "metadata", instances: 1, ...options });
}

/** What a container in this network is told. */
async function ask({ description }: Fleet, network: "host" | "bridge" | "tasks"): Promise<Asked> {
  const { image, instances } = description;
  const engine = new Docker({ socketPath: instances[0]?.dockerSocket ?? "" });
  const container = await engine.createContainer({
    Image: image,
    Cmd: ["node", "-e", ASK],
    // One stream, without the engine's headers between.
    Tty: true,
    HostConfig: { NetworkMode: network },
  });
  try {
    await container.start();
    await container.wait();
    const output = await container.logs({ stdout: true, follow: false });
    // The library would take output that is JSON as a whole for the engine's.
    return JSON.parse(output.toString().replace(/^told /, "")) as Asked;
  } finally {
    await container.remove({ force: true });
  }
}
