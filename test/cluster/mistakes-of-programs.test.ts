// What a program does wrong must hurt the program, at the place of the mistake, and never a worker.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NoWorkersError, type Cluster } from "#dist/index.js";
import { deferred } from "#dist/util/deferred.js";
import { double, hooks, visit } from "./fixtures/work.js";
import { memoryCluster, once } from "./memory-cluster.js";

/** Takes the next uncaught exception, which would otherwise fail the test that caused it. */
async function uncaught(): Promise<Error> {
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  try {
    return await new Promise((resolve) => process.once("uncaughtException", resolve));
  } finally {
    for (const listener of listeners) process.on("uncaughtException", listener);
  }
}

async function stillWorks(cluster: Cluster, workers: number): Promise<void> {
  assert.equal(cluster.nworkers(), workers);
  assert.deepEqual(await cluster.pmap(double, [1, 2, 3]), [2, 4, 6]);
}

test("an exception in onProgress ends its map with that exception, and no worker", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }));
  const mistake = new Error("a mistake in onProgress");
  const onProgress = (): never => {
    throw mistake;
  };
  await assert.rejects(cluster.pmap(double, [1, 2, 3], { onProgress }), mistake);
  await stillWorks(cluster, 2);
});

test("a cluster, and what belongs to its process, does not travel, and the error says what to do instead", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  const take = (value: unknown): string => typeof value;
  using scope = cluster.scope();
  const refused: readonly (readonly [value: unknown, message: RegExp])[] = [
    [cluster, /^args\[0\] is a Cluster, which lives in this process alone; call currentCluster\(\) of/],
    [cluster.workerPool(), /a WorkerPool, .*currentCluster\(\)\.workerPool\(pids\)$/],
    [cluster.cachingPool(), /a CachingPool, /],
    [cluster.process(2), /a ProcessHandle, .*currentCluster\(\)\.process\(pid\)$/],
    [scope, /a Scope, .*send the references$/],
    [cluster.pmap(double, [1]), /a ParallelMap, .*await it and send its results$/],
  ];
  for (const [value, message] of refused) {
    for (const pid of [1, 2]) {
      await assert.rejects(cluster.remoteCallFetch(take, pid, value), {
        name: "SerializationError",
        message,
      });
    }
  }
  await assert.rejects(
    cluster.remoteCallFetch(() => cluster.nworkers(), 2),
    /captured variable "cluster" of .* is a Cluster, .*call currentCluster\(\)/,
  );
  await stillWorks(cluster, 1);
});

test("an exception in a listener is the program's, and the launch goes on", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const mistake = new Error("a mistake in a listener");
  cluster.on("started", () => {
    throw mistake;
  });
  const caught = uncaught();
  const { joined } = await cluster.addProcs(manager({ workers: 1 }));
  assert.equal(await caught, mistake);
  assert.equal(joined.length, 1);
  await stillWorks(cluster, 1);
});

test("an error larger than a message may be is the failure of its call", async (context) => {
  const { cluster, manager } = memoryCluster(context, { maxMessageBytes: 65_536 });
  await cluster.addProcs(manager({ workers: 1 }));
  hooks.visit = () => {
    throw new Error("x".repeat(200_000));
  };
  await assert.rejects(cluster.remoteCallFetch(visit, 2, 1), {
    name: "SerializationError",
    code: "ERR_MESSAGE_TOO_LARGE",
  });
  await stillWorks(cluster, 1);
});

test("an error whose message and stack are no texts arrives all the same", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  hooks.visit = () => {
    throw Object.assign(new Error(), { message: { code: 7 }, stack: () => 1, name: 5 });
  };
  await assert.rejects(cluster.remoteCallFetch(visit, 2, 1), { name: "RemoteError", remoteName: "5" });
  await stillWorks(cluster, 1);
});

test("an error of this process's own call does not speak of a worker", async (context) => {
  const { cluster } = memoryCluster(context);
  const fails = (): never => {
    throw new RangeError("too far");
  };
  await assert.rejects(cluster.remoteCallFetch(fails, 1), { message: "on the manager: RangeError: too far" });
});

test("an event that there is not is refused by name", (context) => {
  const { cluster } = memoryCluster(context);
  const wrong = "join" as "joined";
  const refused = { name: "TypeError", message: /event must be one of starting, .*joined, .*not "join"/ };
  assert.throws(() => cluster.on(wrong, () => {}), refused);
  assert.throws(() => cluster.off(wrong, () => {}), refused);
});

test("calls that nobody waits for refuse limits of the wait", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  const refused = (option: string): object => ({
    name: "TypeError",
    message: new RegExp(`takes no ${option}.*use remoteCallFetch`),
  });
  const retried = { pid: 2, retryDelays: [1] };
  await assert.rejects(cluster.remoteCall(double, retried, 1), refused("retryDelays"));
  const limited = { pid: 2, timeoutMs: 30 };
  await assert.rejects(cluster.remoteDo(double, limited, 1), refused("timeoutMs"));
  const given = { pid: 2, signal: AbortSignal.abort() };
  await assert.rejects(cluster.remoteDo(double, given, 1), refused("signal"));
});

test("a map that meets the end of its cluster says so, also one that runs in this process", async (context) => {
  for (const workers of [1, 0]) {
    const { cluster, manager } = memoryCluster(context);
    if (workers > 0) await cluster.addProcs(manager({ workers }));
    const begun = deferred<void>();
    hooks.visit = () => begun.resolve();
    const ended = assert.rejects(cluster.pmap(visit, endless()), { name: "ClusterClosedError" });
    await begun.promise;
    await cluster.close();
    await ended;
  }
});

test("a map without workers tells why the last launch failed", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  await assert.rejects(async () => cluster.addProcs(manager({ workers: 1, fate: () => "refused" })), {
    name: "LaunchError",
  });
  const gone = once(cluster, "exited");
  hooks.visit = async () => {
    void cluster.rmProcs(2);
    await gone;
  };
  await assert.rejects(cluster.pmap(visit, [1]), (error) => {
    assert.ok(error instanceof NoWorkersError);
    assert.equal((error.cause as Error).name, "LaunchError");
    return true;
  });
});

function* endless(): Generator<number> {
  for (let item = 0; ; item++) yield item;
}
