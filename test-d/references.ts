// What must compile, and what must not. Compiled by the build, never run.
import type {
  Broadcast,
  ChannelBackend,
  Cluster,
  Future,
  PlacedBroadcast,
  RemoteChannel,
  Scope,
} from "rollcall";
import { expectType, type Equal } from "./assertions.js";

declare const cluster: Cluster;
declare const numbers: RemoteChannel<number>;
declare function area(width: number, height: number): Promise<number>;
declare function plusOne(future: Future<number>): Promise<number>;
declare function consume(channel: RemoteChannel<{ readonly id: string }>): void;
declare function queue(): Promise<ChannelBackend<Date>>;

async function futures(): Promise<void> {
  const future = await cluster.remoteCall(area, 2, 3, 4);
  expectType<Equal<typeof future, Future<number>>>();
  expectType<Equal<Awaited<typeof future>, Future<number>>>();
  const value = await future.fetch({ timeoutMs: 5 });
  expectType<Equal<typeof value, number>>();
  expectType<Equal<ReturnType<typeof future.isReady>, Promise<boolean>>>();
  const next = await cluster.remoteCallFetch(plusOne, 3, future);
  expectType<Equal<typeof next, number>>();
  const chained = await cluster.remoteCall(plusOne, 3, await cluster.remoteCall(plusOne, 2, future));
  expectType<Equal<typeof chained, Future<number>>>();
  const empty = await cluster.future<string>({ pid: 2 });
  await empty.put("set");

  // @ts-expect-error not a number
  await future.put("4");
  // @ts-expect-error a future of another type
  void cluster.remoteCallFetch(plusOne, 3, empty);
  // @ts-expect-error the value, and not its future, was asked for
  void cluster.remoteCallFetch(area, 3, future, 4);
  // @ts-expect-error no such option
  void future.fetch({ timeout: 5 });
  // @ts-expect-error a future is no promise
  void future.then(() => {});
}
void futures;

async function channels(): Promise<void> {
  const jobs = await cluster.channel<{ readonly id: string }>({ capacity: 10, producers: [2, 3] });
  expectType<Equal<typeof jobs, RemoteChannel<{ readonly id: string }>>>();
  await jobs.put({ id: "a" }, { signal: AbortSignal.timeout(5) });
  for await (const job of jobs) expectType<Equal<typeof job, { readonly id: string }>>();
  await cluster.remoteDo(consume, 2, jobs);
  const own = await cluster.channel(queue, { pid: 2 });
  expectType<Equal<typeof own, RemoteChannel<Date>>>();
  const size = await own.size();
  expectType<Equal<typeof size, number>>();

  // @ts-expect-error not a number
  await numbers.put("x");
  // @ts-expect-error a channel of another type
  void cluster.remoteDo(consume, 2, numbers);
  // @ts-expect-error not a capacity
  void cluster.channel({ capacity: "10" });
  // @ts-expect-error the program's own channel has the capacity that it has
  void cluster.channel(queue, { capacity: 10 });
  // @ts-expect-error this makes no channel
  void cluster.channel(() => 5);
}
void channels;

async function scopes(): Promise<void> {
  await using scope = cluster.scope();
  expectType<Equal<typeof scope, Scope>>();
  const kept = scope.keep(await scope.channel<number>());
  expectType<Equal<typeof kept, RemoteChannel<number>>>();
  const used = scope.use(await cluster.future<string>());
  expectType<Equal<typeof used, Future<string>>>();
  const future = await scope.remoteCall(area, "any", 3, 4);
  expectType<Equal<typeof future, Future<number>>>();

  // @ts-expect-error not a reference
  scope.use(5);
}
void scopes;

declare function rows(table: string): AsyncGenerator<{ readonly id: number }, number>;
declare function lines(file: string): Promise<ReadableStream<string>>;
declare function ids(): Promise<AsyncIterable<number>>;
declare function store(items: AsyncIterable<{ readonly id: number }>): Promise<number>;

async function streams(): Promise<void> {
  const stream = await cluster.remoteCallFetch(rows, 2, "people");
  for await (const row of stream) expectType<Equal<typeof row, { readonly id: number }>>();
  expectType<
    Equal<ReturnType<typeof stream.return>, Promise<IteratorResult<{ readonly id: number }, number>>>
  >();
  const stored = await cluster.remoteCallFetch(store, 3, stream);
  expectType<Equal<typeof stored, number>>();
  const text = await cluster.remoteCallFetch(lines, 2, "log");
  expectType<Equal<typeof text, ReadableStream<string>>>();
  for await (const id of await cluster.remoteCallFetch(ids, 2)) expectType<Equal<typeof id, number>>();

  // @ts-expect-error items of another type
  void cluster.remoteCallFetch(store, 3, await cluster.remoteCallFetch(ids, 2));
  // @ts-expect-error one row, and not a stream of them
  void cluster.remoteCallFetch(store, 3, { id: 1 });
}
void streams;

declare function classify(
  model: Broadcast<{ readonly weights: Float64Array }>,
  text: string,
): Promise<string>;
declare const model: { readonly weights: Float64Array };

async function broadcasts(): Promise<void> {
  using shared = await cluster.broadcast(model, { pids: [2, 3], timeoutMs: 1_000 });
  expectType<Equal<typeof shared, PlacedBroadcast<{ readonly weights: Float64Array }>>>();
  expectType<Equal<typeof shared.pids, readonly number[]>>();
  const value = await shared.fetch();
  expectType<Equal<typeof value, { readonly weights: Float64Array }>>();
  const label = await cluster.remoteCallFetch(classify, 2, shared, "text");
  expectType<Equal<typeof label, string>>();

  using other = await cluster.broadcast(5);
  // @ts-expect-error a broadcast of another type
  void cluster.remoteCallFetch(classify, 2, other, "text");
  // @ts-expect-error the value, and not its broadcast, was asked for
  void cluster.remoteCallFetch(area, 2, other, 4);
  // @ts-expect-error no such option
  void cluster.broadcast(5, { pid: 2 });
}
void broadcasts;
