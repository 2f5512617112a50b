// What must compile, and what must not. Compiled by the build, never run.
import {
  exponentialBackOff,
  range,
  zip,
  type CachingPool,
  type Cluster,
  type Future,
  type MapOptions,
  type ParallelMap,
  type WorkerPool,
} from "rollcall";
import { expectType, type Equal } from "./assertions.js";

declare const cluster: Cluster;
declare const pool: WorkerPool;
declare function double(item: number): number;
declare function load(url: string): Promise<Uint8Array>;
declare function area(width: number, height: number): number;

// What onError gives is a result too, awaited like the others.
const substituted = cluster.pmap(double, [1], { onError: () => "bad" });
expectType<Equal<typeof substituted, ParallelMap<number, number | string>>>();
const later = cluster.pmap(load, ["a"], {
  retryDelays: exponentialBackOff({ retries: 2 }),
  retryCheck: (error, { item, attempt }) => {
    expectType<Equal<typeof error, Error>>();
    expectType<Equal<typeof item, string>>();
    return attempt < 3;
  },
  onError: async (_error, { index, pid }) => (index > pid ? undefined : null),
});
expectType<Equal<typeof later, ParallelMap<string, Uint8Array | null | undefined>>>();

const plain: MapOptions = {
  batch: "auto",
  pool,
  itemTimeoutMs: 100,
  stop: "kill",
  retryCheck: (error) => error.name === "x",
};
const withPlain = cluster.pmap(double, [1], plain);
expectType<Equal<typeof withPlain, ParallelMap<number, number>>>();

const zipped = zip([1, 2], new Set(["a"]));
expectType<Equal<typeof zipped, Iterable<[number, string]>>>();
declare function lines(): AsyncIterable<string>;
const zippedLater = zip([1, 2], lines());
expectType<Equal<typeof zippedLater, AsyncIterable<[number, string]>>>();
const tupled = cluster.pmap(([count, name]) => `${count} ${name.length}`, zip([1, 2], ["a", "b"]));
expectType<Equal<typeof tupled, ParallelMap<[number, string], string>>>();

const sum = cluster.distributed(range(10), double, { reduce: (a, b) => a + b });
expectType<Equal<typeof sum, Promise<number>>>();
const bytes = cluster.distributed(["a"], load, { reduce: (a, b) => (a.length > b.length ? a : b) });
expectType<Equal<typeof bytes, Promise<Uint8Array>>>();
const squares = cluster.distributed([1n, 2n], (item) => item * item, {
  reduce: (a, b) => a + b,
  initial: 0n,
});
expectType<Equal<typeof squares, Promise<bigint>>>();
const done = cluster.distributed(range(0, 10, 2), double, { pool });
expectType<Equal<typeof done, Promise<void>>>();

const remoteArea = cluster.remote(area, pool);
expectType<Equal<typeof remoteArea, (width: number, height: number) => Promise<number>>>();
const waited = cluster.remoteCallWait(load, { pool, timeoutMs: 100 }, "a");
expectType<Equal<typeof waited, Promise<Future<Uint8Array>>>>();
const onPool = cluster.remoteCallFetch(area, pool, 1, 2);
expectType<Equal<typeof onPool, Promise<number>>>();
const patient = cluster.remoteCall(area, { pool, timeoutMs: 100, stop: "kill" }, 1, 2);
expectType<Equal<typeof patient, Promise<Future<number>>>>();
const byPoolHandle = cluster.process({ pool }).with({ timeoutMs: 100 }).fetch(area, 1, 2);
expectType<Equal<typeof byPoolHandle, Promise<number>>>();
const caching: CachingPool = cluster.cachingPool([2, 3]);
cluster.defaultWorkerPool = caching;

// @ts-expect-error the item of the hook is that of the map
void cluster.pmap(double, [1], { onError: (_error, at: { item: string }) => at.item });
// @ts-expect-error a check says yes or no
void cluster.pmap(double, [1], { retryCheck: () => "yes" });
// @ts-expect-error delays are numbers
void cluster.pmap(double, [1], { retryDelays: ["1s"] });
// @ts-expect-error tuples of the wrong types
void cluster.pmap(([count, name]: [number, number]) => count + name, zip([1], ["a"]));
// @ts-expect-error the reducer takes what the body gives
void cluster.distributed(range(10), double, { reduce: (a: string, b: string) => a + b });
// @ts-expect-error a loop has no hook for single items
void cluster.distributed(range(10), double, { onError: () => 1 });
// @ts-expect-error an argument is missing
void remoteArea(1);
// @ts-expect-error pids are numbers
void cluster.workerPool(["2"]);
// @ts-expect-error either a pid or a pool
void cluster.remoteCallFetch(double, { pid: "any", pool: 2 }, 1);
