import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Report } from "../../demo/report.js";
import { fleetFolder } from "./remove-fleet.js";
import { whyNoFleet } from "./requirements.js";

const demo = fileURLToPath(new URL("../../demo/main.js", import.meta.url));
const WORKERS = 8;
const ARGS = ["--workers", `${WORKERS}`, "--starts", "8", "--seed", "1"];

function startDemo(args: readonly string[], env = process.env) {
  const child = spawn(process.execPath, [demo, ...args], { stdio: ["ignore", "pipe", "pipe"], env });
  const output = { stdout: text(child.stdout), stderr: text(child.stderr) };
  return { child, ...output, ended: once(child, "close") as Promise<[number | null]> };
}

function leftOfTheFleet(): string[] {
  const folder = fleetFolder("demo");
  const namespaces = readdirSync("/var/run/netns").filter((name) => name.startsWith("rollcall-demo-"));
  return [...namespaces, ...(existsSync(folder) ? [folder] : [])];
}

void test("where a fleet cannot be, the demo says what it needs and exits with code 2", async () => {
  const { stdout, stderr, ended } = startDemo(["--fleet", "--output", tmpdir()], { PATH: "" });
  assert.equal((await ended)[0], 2);
  assert.match(await stderr, /^option '--fleet' cannot be used here: a fleet needs .+\n$/);
  assert.equal(await stdout, "");
});

void describe("the demo on a fleet", { skip: whyNoFleet() }, () => {
  let folder: string;
  before(() => void (folder = mkdtempSync(join(tmpdir(), "rollcall-demo-fleet-"))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  void test("finds and draws the same tour in containers as in processes, with code that is sent", async () => {
    const report = async (name: string, ...more: string[]): Promise<Report> => {
      const { stdout, stderr, ended } = startDemo([
        ...ARGS,
        "--json",
        "--output",
        join(folder, name),
        ...more,
      ]);
      assert.equal((await ended)[0], 0, await stderr);
      return JSON.parse(await stdout) as Report;
    };
    const here = await report("here", "--manager", "local");
    const onFleet = await report("fleet", "--fleet");
    assert.deepEqual(Object.keys(onFleet), Object.keys(here));
    for (const key of [
      "airports",
      "seed",
      "starts",
      "repeatable",
      "tourKm",
      "bestStart",
      "startTourKm",
    ] as const)
      assert.equal(onFleet[key], here[key]);
    for (const picture of ["picture", "png"] as const)
      assert.ok(readFileSync(onFleet[picture]).equals(readFileSync(here[picture])));

    assert.equal(onFleet.manager, "ecs");
    const distinct = (key: "pid" | "taskArn" | "containerInstanceArn" | "host"): number =>
      new Set(onFleet.workers.map((worker) => worker[key])).size;
    assert.deepEqual([distinct("pid"), distinct("taskArn")], [WORKERS, WORKERS]);
    assert.deepEqual([distinct("containerInstanceArn"), distinct("host")], [2, 2]);
    assert.deepEqual(leftOfTheFleet(), []);
  });

  void test("SIGTERM during the search ends it, and removes the fleet", async () => {
    const { child, stdout, ended } = startDemo([
      "--fleet",
      "--seconds",
      "600",
      "--json",
      "--output",
      join(folder, "ended"),
    ]);
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      const isSearching = (said += chunk.toString()).includes("joined       4 of 4");
      if (isSearching) child.kill("SIGTERM");
    });
    assert.deepEqual((await ended)[0], 143);
    assert.match(said, /SIGTERM: stopping the workers/);
    assert.equal(await stdout, "");
    assert.deepEqual(leftOfTheFleet(), []);
  });
});
