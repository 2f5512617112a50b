import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { runDemo, type Surroundings } from "../../demo/demo.js";
import type { DemoOptions } from "../../demo/options.js";
import { improveTour, type TourResult, type TourStart } from "../../demo/search.js";
import type { DemoWorker, Solver } from "../../demo/solve.js";
import { Written } from "./written.js";

/** A solver without workers: it does the starts here, the later ones of each group first, with few kicks. */
class SolverHere implements Solver {
  readonly workers: readonly DemoWorker[];
  isDisposed = false;
  readonly #onResult: () => void;

  constructor(count: number, onResult: () => void) {
    this.workers = Array.from({ length: count }, (_, index) => ({
      pid: index + 2,
      taskArn: null,
      containerInstanceArn: null,
      host: "127.0.0.1",
      port: 4000 + index,
    }));
    this.#onResult = onResult;
  }

  async *run(starts: Iterable<TourStart>, signal: AbortSignal): AsyncIterable<TourResult> {
    let group: TourStart[] = [];
    for (const start of starts) {
      group.push(start);
      if (group.length < this.workers.length) continue;
      yield* this.#finish(group, signal);
      group = [];
    }
    yield* this.#finish(group, signal);
  }

  async *#finish(group: readonly TourStart[], signal: AbortSignal): AsyncIterable<TourResult> {
    for (const start of group.toReversed()) {
      await Promise.resolve();
      signal.throwIfAborted();
      yield improveTour({ ...start, kicks: 50 });
      this.#onResult();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.isDisposed = true;
    return Promise.resolve();
  }
}

async function folderFor(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-demo-"));
  context.after(() => rm(folder, { recursive: true }));
  return folder;
}

function surroundings(onResult = (): void => {}, signal = new AbortController().signal) {
  const stdout = new Written();
  const stderr = new Written();
  const opened: SolverHere[] = [];
  const openSolver: Surroundings["openSolver"] = ({ workers }, onLaunch) => {
    const solver = new SolverHere(workers, onResult);
    for (const { pid } of solver.workers) onLaunch({ step: "joined", atMs: 1, worker: `here-${pid}` });
    opened.push(solver);
    return Promise.resolve(solver);
  };
  const onFleet: DemoOptions[] = [];
  const runOnFleet: Surroundings["runOnFleet"] = (options) => {
    onFleet.push(options);
    return Promise.resolve(7);
  };
  return { stdout, stderr, opened, onFleet, signal, openSolver, runOnFleet };
}

void test("with --json stdout holds one object, whose pictures exist, and the workers are gone", async (context) => {
  const folder = await folderFor(context);
  const around = surroundings();
  const code = await runDemo(
    ["--starts", "3", "--workers", "2", "--json", "--output", join(folder, "new")],
    around,
  );
  assert.equal(code, 0);
  const report = JSON.parse(around.stdout.text);
  assert.deepEqual(report.workers, around.opened[0]?.workers);
  assert.equal(report.starts, 3);
  assert.equal(report.manager, "ecs");
  assert.ok(report.tourKm < report.startTourKm && report.seconds > 0 && report.cpuSeconds > 0);
  assert.equal(report.picture, join(folder, "new", "tour.svg"));
  assert.match(await readFile(report.picture, "utf8"), /^<svg [\s\S]*<\/svg>\n$/);
  assert.deepEqual([...(await readFile(report.png)).subarray(1, 4)], [...Buffer.from("PNG")]);
  assert.match(around.stderr.text, /joined +2 of 2 +here-3/);
  assert.equal(around.opened[0]?.isDisposed, true);
});

void test("the tour is the same with one worker and with three, which finish in another order", async (context) => {
  const folder = await folderFor(context);
  const pictures: string[] = [];
  for (const workers of ["1", "3"]) {
    const args = ["--starts", "5", "--seed", "8", "--workers", workers, "--output", folder];
    assert.equal(await runDemo(args, surroundings()), 0);
    pictures.push(await readFile(join(folder, "tour.svg"), "utf8"));
  }
  assert.equal(pictures[0], pictures[1]);
});

void test("without --json the report for a reader is on stdout", async (context) => {
  const around = surroundings();
  assert.equal(await runDemo(["--starts", "1", "--output", await folderFor(context)], around), 0);
  assert.match(around.stdout.text, /^\ntour .* km through [\d,]+ airports\n/);
});

void test("a search by time does one start at least, and ends", async (context) => {
  const around = surroundings();
  const args = ["--seconds", "0.001", "--workers", "1", "--json", "--output", await folderFor(context)];
  assert.equal(await runDemo(args, around), 0);
  const report = JSON.parse(around.stdout.text);
  assert.ok(report.starts >= 1);
  assert.equal(report.repeatable, false);
});

void test("an abort ends the search with its reason, after the workers are gone, and leaves stdout empty", async (context) => {
  const ending = new AbortController();
  const around = surroundings(() => ending.abort(new Error("enough")), ending.signal);
  const args = ["--starts", "50", "--json", "--output", await folderFor(context)];
  await assert.rejects(runDemo(args, around), /^Error: enough$/);
  assert.equal(around.opened[0]?.isDisposed, true);
  assert.equal(around.stdout.text, "");
});

void test("bad options and a file in the folder's place end with code 2 before anything is launched", async (context) => {
  const file = join(await folderFor(context), "file");
  await writeFile(file, "");
  for (const args of [
    ["--workers", "none"],
    ["--output", file],
    ["--output", join(file, "below")],
  ]) {
    const around = surroundings();
    assert.equal(await runDemo(args, around), 2);
    assert.match(around.stderr.text, new RegExp(`${args[0]!} .*'${args[1]!}'`));
    assert.equal(around.stdout.text, "");
    assert.deepEqual(around.opened, []);
  }
});

void test("--help goes to stdout and launches nothing", async () => {
  const around = surroundings();
  assert.equal(await runDemo(["--help"], around), 0);
  assert.match(around.stdout.text, /^Usage: npm run demo/);
  assert.deepEqual(around.opened, []);
});

void test("with --fleet the options go to a fleet, whose exit code is the demo's, and nothing is done here", async (context) => {
  const around = surroundings();
  const folder = await folderFor(context);
  assert.equal(await runDemo(["--fleet", "--workers", "8", "--seed", "3", "--output", folder], around), 7);
  const [options] = around.onFleet;
  assert.deepEqual(options, {
    workers: 8,
    work: { starts: 64 },
    manager: "ecs",
    fleet: true,
    seed: 3,
    json: false,
    output: folder,
  });
  assert.deepEqual([around.opened.length, around.stdout.text, around.stderr.text], [0, "", ""]);
});

void test("what is wrong with the options or the folder is said before a fleet is started", async (context) => {
  const folder = await folderFor(context);
  await writeFile(join(folder, "file"), "");
  const wrong = [
    ["--fleet", "--manager", "local"],
    ["--fleet", "--workers", "none"],
    ["--fleet", "--output", join(folder, "file")],
  ];
  for (const args of wrong) {
    const around = surroundings();
    assert.equal(await runDemo(args, around), 2);
    assert.deepEqual(around.onFleet, []);
    assert.match(around.stderr.text, /^option '--(fleet|workers <n>|output <folder>)' /);
  }
});
