import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { Cluster, LocalManager, type ClusterEvents } from "#dist/index.js";
import { temporaryProject } from "../functions/temporary-project.js";
import { openFile, prepare, prepared } from "./fixtures/set-up.js";
import { nothingIsLeft } from "./leftovers.js";

const projectRoot = new URL("..", import.meta.url).pathname;

afterEach(nothingIsLeft);

function next<Name extends keyof ClusterEvents>(
  cluster: Cluster,
  name: Name,
): Promise<ClusterEvents[Name][0]> {
  return new Promise((resolve) => cluster.on(name, (...[event]) => resolve(event)));
}

test("processes that join later are as those that are there", async () => {
  await using cluster = new Cluster({ projectRoot });
  await cluster.addProcs(new LocalManager(1));
  await cluster.everywhere(prepare, "once");
  await cluster.addProcs(new LocalManager(2));
  assert.deepEqual(await Promise.all(cluster.procs().map((pid) => cluster.remoteCallFetch(prepared, pid))), [
    "once",
    "once",
    "once",
    "once",
  ]);
  await cluster.everywhere(import.meta.resolve("./fixtures/set-up-module.js"));
  await cluster.addProcs(new LocalManager(1));
  assert.deepEqual(
    await Promise.all(cluster.procs().map((pid) => cluster.remoteCallFetch(prepared, pid))),
    Array.from({ length: 5 }, () => "by a module"),
  );
});

test("a worker may take its time to initialize, and is watched meanwhile; it cleans up when it is removed", async (context) => {
  const file = join(temporaryProject(context, {}), "log.txt");
  await using cluster = new Cluster({ projectRoot, initialize: () => openFile(file, 700) });
  const refused: unknown[] = [];
  cluster.on("refused", (event) => refused.push(event.error));
  await cluster.addProcs(new LocalManager(1));
  assert.equal(await cluster.remoteCallFetch(prepared, 2), "none");
  assert.equal(readFileSync(file, "utf8"), "open 2\n");
  // Not later: a worker that leaves may be about to connect once more.
  assert.deepEqual(refused, []);
  const exited = next(cluster, "exited");
  await cluster.rmProcs(2);
  assert.equal((await exited).reason.kind, "removed");
  assert.equal(readFileSync(file, "utf8"), "open 2\nclose 2\n");
});

test("a worker that is terminated by its platform cleans up", async (context) => {
  const file = join(temporaryProject(context, {}), "log.txt");
  await using cluster = new Cluster({ projectRoot, output: "ignore" });
  await cluster.addProcs(new LocalManager(1), { initialize: () => openFile(file, 0) });
  const exited = next(cluster, "exited");
  process.kill(cluster.workerInfo(2).report.osPid, "SIGTERM");
  const { reason } = await exited;
  assert.deepEqual({ kind: reason.kind, exitCode: reason.exitCode }, { kind: "exited", exitCode: 143 });
  assert.equal(readFileSync(file, "utf8"), "open 2\nclose 2\n");
});

test("a worker that dies while it initializes fails its launch with its own last words", async () => {
  await using cluster = new Cluster({ projectRoot });
  const initialize = (): void => {
    console.error("cannot go on");
    process.exit(3);
  };
  await assert.rejects(Promise.resolve(cluster.addProcs(new LocalManager(1), { initialize })), {
    message: /its process exited with code 3[^]*cannot go on/,
  });
});
