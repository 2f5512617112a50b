// What must compile, and what must not. Compiled by the build, never run.
import {
  Cluster,
  exponentialBackOff,
  type ClusterManager,
  type Everywhere,
  type Future,
  type ParallelMap,
  type ProcessHandle,
} from "rollcall";
import { currentCluster, type ClusterView } from "rollcall/worker";
import { expectType, type Equal } from "./assertions.js";

declare const cluster: Cluster;
declare const manager: ClusterManager;
declare function area(width: number, height: number): number;
declare function describe(name: string, tags?: readonly string[]): Promise<{ text: string }>;
declare function double(item: number): number;
declare function lengthOf<T>(items: readonly T[]): Promise<number>;
declare const signal: AbortSignal;

const fetched = cluster.remoteCallFetch(area, 2, 3, 4);
expectType<Equal<typeof fetched, Promise<number>>>();

// The result of an asynchronous function is awaited once, here.
const described = cluster.remoteCallFetch(describe, { pid: "any", signal, timeoutMs: 100 }, "a", ["b"]);
expectType<Equal<typeof described, Promise<{ text: string }>>>();

const retried = cluster.remoteCallFetch(
  area,
  {
    pid: "any",
    retryDelays: [10, 20],
    retryCheck: (error, { attempt }) => error.name === "x" && attempt < 2,
  },
  3,
  4,
);
expectType<Equal<typeof retried, Promise<number>>>();
// @ts-expect-error no such way to stop a call
void cluster.remoteCallFetch(area, { pid: 2, signal, stop: "please" }, 3, 4);

const future = cluster.remoteCall(area, "any", 3, 4);
expectType<Equal<typeof future, Promise<Future<number>>>>();

const done = cluster.remoteDo(area, 2, 3, 4);
expectType<Equal<typeof done, Promise<void>>>();

void cluster.remoteCallFetch(describe, 2, "without the optional one");

// @ts-expect-error an argument is missing
void cluster.remoteCallFetch(area, 2, 3);
// @ts-expect-error one too many
void cluster.remoteCallFetch(area, 2, 3, 4, 5);
// @ts-expect-error of the wrong type
void cluster.remoteCallFetch(area, 2, 3, "4");
// @ts-expect-error no such target
void cluster.remoteCallFetch(area, "all", 3, 4);
// @ts-expect-error an option that does not exist
void cluster.remoteCallFetch(area, { pid: 2, retry: 3 }, 3, 4);
// @ts-expect-error a future stays with its worker, so its call is not retried
void cluster.remoteCall(area, { pid: 2, retryDelays: [1] }, 3, 4);
// @ts-expect-error nobody waits
void cluster.remoteDo(area, { pid: 2, timeoutMs: 5 }, 3, 4);
// @ts-expect-error not a function
void cluster.remoteCallFetch("area", 2);

const handle = cluster.process("any").with({ signal, timeoutMs: 100, retryDelays: exponentialBackOff() });
expectType<Equal<typeof handle, ProcessHandle>>();
const byHandle = handle.fetch(describe, "a", ["b"]);
expectType<Equal<typeof byHandle, Promise<{ text: string }>>>();
const kept = cluster.process(2).call(area, 3, 4);
expectType<Equal<typeof kept, Promise<Future<number>>>>();
expectType<Equal<ReturnType<typeof handle.do>, Promise<void>>>();
// @ts-expect-error an argument is missing
void handle.fetch(area, 3);
// @ts-expect-error the process of a handle stays the same
void handle.with({ pid: 3 });
// @ts-expect-error a process that cannot be
void cluster.process("all");

declare const geometry: {
  area: typeof area;
  describe: typeof describe;
  origin: readonly number[];
  Shape: typeof Date;
};
const remote = handle.module(geometry);
expectType<Equal<ReturnType<typeof remote.area>, Promise<number>>>();
expectType<Equal<Parameters<typeof remote.area>, [width: number, height: number]>>();
expectType<Equal<ReturnType<typeof remote.describe>, Promise<{ text: string }>>>();
// @ts-expect-error what is no function stays behind
void remote.origin;
// @ts-expect-error of the wrong type
void remote.area(3, "4");

const doubled = cluster.pmap(double, [1, 2, 3]);
expectType<Equal<typeof doubled, ParallelMap<number, number>>>();
async function results(): Promise<void> {
  const all = await cluster.pmap(describe, new Set(["a"]));
  expectType<Equal<typeof all, { text: string }[]>>();
  for await (const one of cluster.pmap(double, numbers())) expectType<Equal<typeof one, number>>();
  for await (const [index, one] of cluster.pmap(describe, ["a"]).entries()) {
    expectType<Equal<typeof index, number>>();
    expectType<Equal<typeof one, { text: string }>>();
  }
  const lengths = await cluster.pmap(lengthOf<string>, [["a"], []], { order: "finished", concurrency: 2 });
  expectType<Equal<typeof lengths, number[]>>();
}
async function* numbers(): AsyncGenerator<number> {
  yield 1;
}
void results;

// @ts-expect-error items of the wrong type
void cluster.pmap(double, ["1"]);
// @ts-expect-error not iterable
void cluster.pmap(double, 5);
// @ts-expect-error a function of two required arguments has no second one to get
void cluster.pmap(area, [1, 2]);
// @ts-expect-error an order that does not exist
void cluster.pmap(double, [1], { order: "random" });

// What runs anywhere sees its cluster as every process does, and a Cluster is one of those.
const current = currentCluster();
expectType<Equal<typeof current, ClusterView>>();
const anywhere: ClusterView = cluster;
expectType<Equal<ReturnType<typeof anywhere.workers>, number[]>>();
const fetchedThere = current.remoteCallFetch(area, { pid: "any", signal }, 3, 4);
expectType<Equal<typeof fetchedThere, Promise<number>>>();
const mappedThere = current.pmap(describe, ["a"]);
expectType<Equal<typeof mappedThere, ParallelMap<string, { text: string }>>>();
// @ts-expect-error an argument is missing
void current.remoteCallFetch(area, 2, 3);
// @ts-expect-error only the manager adds workers
void current.addProcs;
// @ts-expect-error and removes them
void current.rmProcs;
// @ts-expect-error and closes the cluster
void current.close;

const everywhere = cluster.everywhere(describe, "a");
expectType<Equal<typeof everywhere, Promise<Everywhere<{ text: string }>>>>();
const chosen = cluster.everywhere({ pids: [2], signal }, area, 3, 4);
expectType<Equal<typeof chosen, Promise<Everywhere<number>>>>();
const imported = cluster.everywhere(import.meta.resolve("./set-up.js"));
expectType<Equal<typeof imported, Promise<Everywhere<undefined>>>>();
void cluster.everywhere({ replay: false }, new URL("file:///set-up.js"));

// @ts-expect-error an argument is missing
void cluster.everywhere(area, 3);
// @ts-expect-error of the wrong type
void cluster.everywhere({ pids: [2] }, area, 3, "4");
// @ts-expect-error no such option
void cluster.everywhere({ pid: 2 }, area, 3, 4);
// @ts-expect-error a module takes no arguments
void cluster.everywhere("file:///set-up.js", 3);
void new Cluster({ topology: "custom", lazy: false });
// @ts-expect-error no such topology
void new Cluster({ topology: "ring" });
void cluster.addProcs(manager, { ident: "leaf", connectIdents: ["hub", "leaf"] });
// @ts-expect-error a list
void cluster.addProcs(manager, { connectIdents: "hub" });
