import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { Socket } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Cluster, currentCluster, LocalManager, RemoteError } from "#dist/index.js";
import { makeSamples } from "../functions/fixtures/closures.js";
import { temporaryProject } from "../functions/temporary-project.js";
import { square } from "./fixtures/work.js";
import { nothingIsLeft } from "./leftovers.js";

/** One worker for all tests of this file: what it has been sent before must make no difference. */
const cluster = new Cluster({ projectRoot: new URL("..", import.meta.url).pathname });
await cluster.addProcs(new LocalManager(1));
after(async () => {
  await cluster.close();
  await nothingIsLeft();
});

const scale = 10;

for (const [name, { fn, args, result }] of Object.entries(makeSamples())) {
  test(`a worker runs a function by value: ${name}`, async () => {
    assert.deepEqual(await cluster.remoteCallFetch(fn, 2, ...(args as never[])), result);
  });
}

test("a map over a closure", async () => {
  assert.deepEqual(await cluster.pmap((x) => x * scale, [1, 2, 3]), [10, 20, 30]);
});

test("a closure that uses an exported function runs on the worker's own module", async () => {
  assert.deepEqual(await cluster.pmap((x) => square(x) + scale, [1, 2]), [11, 14]);
});

test("a function that a closure makes on its worker travels on by value, and the program does not run again", async () => {
  const sums = await cluster.pmap(
    async (x) => {
      const inner = await currentCluster().pmap(
        async (y) => {
          const innermost = await currentCluster().pmap((z) => x * 100 + y * scale + z, [1, 2]);
          return innermost.join();
        },
        [3, 4],
      );
      return inner.join();
    },
    [5, 6],
  );
  assert.deepEqual(sums, ["531,532,541,542", "631,632,641,642"]);
  const free = await cluster.remoteCallFetch(() => currentCluster().remoteCallFetch(() => 7, 1), 2);
  assert.equal(free, 7);
});

test("every way to call takes closures", async () => {
  const future = await cluster.remoteCall((x: number) => x * scale, 2, 4);
  assert.equal(await future.fetch(), 40);
  const leave = (x: number): boolean => Reflect.set(globalThis, "left", x * scale);
  assert.equal(await cluster.remoteCallFetch(leave, 2, 1), true);
  await cluster.remoteDo(leave, 2, 4);
  assert.equal(await cluster.remoteCallFetch(() => Reflect.get(globalThis, "left") as number, 2), 40);
  assert.equal(await cluster.remoteCallFetch((x: number) => x * scale, 1, 4), 40);
});

test("a function is sent once to a worker, and keeps its state there between calls", async () => {
  let count = 0;
  const next = (): number => (count += 1);
  assert.equal(await cluster.remoteCallFetch(next, 2), 1);
  assert.equal(await cluster.remoteCallFetch(next, 2), 2);
  assert.equal(count, 0);
});

test("an error that a closure throws shows where it stands", async () => {
  function fails(): never {
    throw new RangeError(`not with ${scale}`);
  }
  await assert.rejects(cluster.remoteCallFetch(fails, 2), (error) => {
    assert.ok(error instanceof RemoteError);
    assert.match(
      error.remoteStack ?? "",
      /RangeError: not with 10\n +at fails \(file:.*closures\.test\.js:\d+:\d+\)/,
    );
    return true;
  });
});

test("a closure that cannot travel fails before anything is sent, and others go on", async () => {
  const socket = new Socket();
  await assert.rejects(
    cluster.remoteCallFetch(() => socket.destroyed, 2),
    {
      name: "SerializationError",
      message:
        /^captured variable "socket" of `\(\) => socket\.destroyed` \(.*\) is a Socket, .* send the data it holds$/,
    },
  );
  assert.equal(await cluster.remoteCallFetch(() => scale, 2), 10);
});

test("a closure that is larger than a message may be fails alone", async () => {
  await using small = new Cluster({ maxMessageBytes: 100_000 });
  await small.addProcs(new LocalManager(1));
  const large = new Uint8Array(200_000);
  await assert.rejects(
    small.remoteCallFetch(() => large.length, 2),
    {
      code: "ERR_MESSAGE_TOO_LARGE",
      message:
        /^function .*, with what it captures, takes 200\d+ bytes; the limit is 100000\. Let it capture less/,
    },
  );
  assert.equal(await small.remoteCallFetch(() => scale, 2), 10);
});

test("a worker forgets a closure that nobody can call again", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const watch = async (): Promise<void> => {
    const held = { isHeld: true };
    const keep = (): boolean => {
      Reflect.set(globalThis, "watched", new WeakRef(held));
      return held.isHeld;
    };
    assert.equal(await cluster.remoteCallFetch(keep, 2), true);
  };
  await watch();
  const isGone = async (): Promise<boolean> => {
    const { setFlagsFromString: setFlags } = await import("node:v8");
    const { runInNewContext: run } = await import("node:vm");
    setFlags("--expose-gc");
    (run("gc") as () => void)();
    return (Reflect.get(globalThis, "watched") as WeakRef<object>).deref() === undefined;
  };
  do collect();
  while (!(await cluster.remoteCallFetch(isGone, 2)));
});

test("a TypeScript program that tsx runs sends functions of its main module", async (context) => {
  const root = temporaryProject(context, {
    "scale.ts":
      "export enum Scale { one = 1, ten = 10 }\nexport default (x: number): number => x * Scale.ten;",
    "main.ts": `import { Cluster, LocalManager } from "${import.meta.resolve("#dist/index.js")}";
import scaled, { Scale } from "./scale.js";
enum Offset { none, some }
class Point { constructor(readonly x: number) {} static at(x: number) { return new Point(x); } }
const inner = (x: number) => { const twice = (y: number) => y * 2; return twice(x); };
await using cluster = new Cluster({});
await cluster.addProcs(new LocalManager(1));
const results = await cluster.pmap((x: number) => [scaled(x), Scale.ten, Offset.some, Point.at(x).x, inner(x)], [1, 2]);
console.log(JSON.stringify([results, await cluster.remoteCallFetch(() => inner.name, 2)]));
`,
  });
  const args = ["--import", import.meta.resolve("tsx"), join(root, "main.ts")];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
  assert.equal(stdout, '[[[10,10,1,1,2],[20,10,1,2,4]],"inner"]\n');
  assert.equal(stderr, "");
});

test("a CommonJS program sends functions that use what it requires", async (context) => {
  const root = temporaryProject(
    context,
    {
      "work.js":
        "exports.double = (x) => x * 2; exports.table = { half: (x) => x / 2 }; exports.self = __filename;",
      "main.js": `const path = require("node:path");
const work = require("./work.js");
const { double } = work;
function sum(...all) { return all.reduce((a, b) => a + b, 0); }
import("${import.meta.resolve("#dist/index.js")}").then(async ({ Cluster, LocalManager }) => {
  const cluster = new Cluster({});
  await cluster.addProcs(new LocalManager(1));
  const mapped = await cluster.pmap((x) => sum(double(x), work.double(x), work.table.half(x)), [2]);
  const required = await cluster.remoteCallFetch(() => path.basename(require("./work.js").self), 2);
  console.log(JSON.stringify([mapped, required]));
  await cluster.close();
});
`,
    },
    { name: "project" },
  );
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, "main.js")]);
  assert.equal(stdout, '[[9],"work.js"]\n');
});
