import {
  currentCall,
  currentCluster,
  myId,
  range,
  RemoteError,
  type Future,
  type RemoteChannel,
} from "#dist/worker/index.js";

/** What became of something that may fail: its value, or the name of its error and, of a `RemoteError`, of its cause. */
export type Outcome<T = unknown> =
  { readonly value: T } | { readonly error: string; readonly message?: string };

/** How often each piece of work was begun, by its key. Workers in memory share this module. */
export const begun = new Map<number, number>();

/** Work to be done somewhere. */
export interface Work {
  readonly key: number;
  /** Of the event loop, before it ends. */
  readonly turns: number;
  /** How often it throws before it gives its key. */
  readonly failures: number;
}

export async function outcomeOf<T>(promise: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await promise };
  } catch (error) {
    return { error: nameOf(error), message: (error as Error).message };
  }
}

function nameOf(error: unknown): string {
  if (error instanceof RemoteError) return `RemoteError ${nameOf(error.cause)}`;
  return error instanceof Error ? error.name : String(error);
}

export async function turnsOf(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Aborts after so many turns; never without a number. */
function abortAfter(turns: number | undefined): AbortSignal | undefined {
  if (turns === undefined) return undefined;
  const controller = new AbortController();
  void turnsOf(turns).then(() => controller.abort());
  return controller.signal;
}

export async function work({ key, turns, failures }: Work): Promise<number> {
  const count = (begun.get(key) ?? 0) + 1;
  begun.set(key, count);
  await turnsOf(turns);
  if (count <= failures) throw new RangeError(`${key} fails`);
  return key;
}

export type Way = "fetch" | "call" | "wait" | "do" | "pool" | "remote";

export interface CallPlan {
  readonly way: Way;
  readonly target: number | "any";
  readonly work: Work;
  readonly retries: number;
  readonly abortAfter: number | undefined;
}

export function call(plan: CallPlan): Promise<Outcome> {
  return outcomeOf(callAs(plan));
}

async function callAs(plan: CallPlan): Promise<number> {
  const cluster = currentCluster();
  const { way, target, retries } = plan;
  const signal = abortAfter(plan.abortAfter);
  const limited = signal === undefined ? {} : { signal };
  const retried = retries === 0 ? {} : { retryDelays: Array.from({ length: retries }, () => 0) };
  switch (way) {
    case "fetch":
      return cluster.remoteCallFetch(work, { pid: target, ...limited, ...retried }, plan.work);
    case "pool": {
      const pool = cluster.workerPool(target === "any" ? undefined : [target]);
      return cluster.remoteCallFetch(work, { pool, ...limited, ...retried }, plan.work);
    }
    case "remote":
      return cluster.remote(work)(plan.work);
    case "do":
      await cluster.remoteDo(work, target, plan.work);
      return plan.work.key;
    case "call": {
      using future = await cluster.remoteCall(work, { pid: target, ...limited }, plan.work);
      return await future.fetch(limited);
    }
    case "wait": {
      using future = await cluster.remoteCallWait(work, { pid: target, ...limited, ...retried }, plan.work);
      return await future.fetch();
    }
  }
}

/** A future of work at `owner`, fetched here and by `reader`. */
export async function shareFuture(
  owner: number,
  reader: number,
  given: Work,
): Promise<readonly [there: Outcome<Outcome>, here: Outcome]> {
  const cluster = currentCluster();
  using future = await cluster.remoteCall(work, owner, given);
  return await Promise.all([
    outcomeOf(cluster.remoteCallFetch(fetchIt, reader, future)),
    outcomeOf(future.fetch()),
  ]);
}

async function fetchIt(future: Future<number>): Promise<Outcome> {
  using _held = future;
  return await outcomeOf(future.fetch());
}

/** An empty future at `owner`, which `setter` sets, and then this process once more. */
export async function setFuture(
  owner: number,
  setter: number,
  key: number,
): Promise<readonly [set: Outcome, again: Outcome, got: Outcome]> {
  const cluster = currentCluster();
  using future = await cluster.future<number>({ pid: owner });
  const stop = new AbortController();
  const waited = outcomeOf(future.wait({ signal: stop.signal }));
  const set = await outcomeOf(cluster.remoteCallFetch(putInto, setter, future, key));
  if ("error" in set) {
    stop.abort();
    await waited;
    return [set, { error: "FutureAlreadySetError" }, { value: key }];
  }
  await waited;
  return [set, await outcomeOf(future.put(key + 1)), await outcomeOf(future.fetch())];
}

async function putInto(future: Future<number>, key: number): Promise<void> {
  using _held = future;
  await future.put(key);
}

export interface ChannelPlan {
  readonly owner: number;
  readonly producer: number;
  /** One who gives up some of its waits and takes `count` values, or some who take until the channel is closed. */
  readonly consumers: readonly number[];
  readonly isImpatient: boolean;
  readonly capacity: number;
  readonly count: number;
}

/** What the producer, and each of the consumers, has done. */
export async function useChannel(
  plan: ChannelPlan,
): Promise<readonly [put: Outcome<Outcome<number>>, taken: readonly Outcome<Taken>[]]> {
  const { owner, producer, consumers, capacity, count, isImpatient } = plan;
  const cluster = currentCluster();
  using channel = await cluster.channel<number>({ pid: owner, capacity, producers: [producer] });
  const close = (): Promise<unknown> => outcomeOf(channel.close());
  const producing = outcomeOf(cluster.remoteCallFetch(produce, producer, channel, count)).then(
    async (outcome) => {
      if ("error" in outcome || "error" in outcome.value || !isImpatient) await close();
      return outcome;
    },
  );
  const taking = isImpatient ? takeImpatiently : takeAll;
  const consumed = await Promise.all(
    consumers.map((pid) => outcomeOf(cluster.remoteCallFetch(taking, pid, channel, count))),
  );
  await close();
  return [await producing, consumed];
}

async function produce(channel: RemoteChannel<number>, count: number): Promise<Outcome<number>> {
  using _held = channel;
  const { signal } = currentCall();
  const putAll = async (): Promise<number> => {
    for (let value = 0; value < count; value++) await channel.put(value, { signal });
    return count;
  };
  return await outcomeOf(putAll());
}

export interface Taken {
  readonly values: readonly number[];
  /** What ended it, unless it has got as many as it wanted. */
  readonly error?: string;
}

async function takeAll(channel: RemoteChannel<number>): Promise<Taken> {
  using _held = channel;
  const { signal } = currentCall();
  const values: number[] = [];
  try {
    for (;;) values.push(await channel.take({ signal }));
  } catch (error) {
    return { values, error: nameOf(error) };
  }
}

async function takeImpatiently(channel: RemoteChannel<number>, count: number): Promise<Taken> {
  using _held = channel;
  const { signal } = currentCall();
  const values: number[] = [];
  for (let attempt = 0; values.length < count; attempt++) {
    const patience = new AbortController();
    const isPatient = attempt % 3 === 0;
    const taking = channel.take({ signal: isPatient ? signal : AbortSignal.any([signal, patience.signal]) });
    if (!isPatient) void turnsOf(attempt % 4).then(() => patience.abort());
    const outcome = await outcomeOf(taking);
    if ("value" in outcome) values.push(outcome.value);
    else if (signal.aborted || outcome.error !== "AbortError") return { values, error: outcome.error };
  }
  return { values };
}

export interface MapPlan {
  readonly items: readonly Work[];
  readonly retries: number;
  readonly batch: number;
  readonly abortAfter: number | undefined;
}

/** What fails for good gives the negative of its key. */
export function map({ items, retries, batch, ...plan }: MapPlan): Promise<Outcome<number[]>> {
  const signal = abortAfter(plan.abortAfter);
  const mapped = currentCluster().pmap(work, items, {
    batch,
    maxDeaths: 1_000,
    retryDelays: Array.from({ length: retries }, () => 0),
    onError: (error, { item }) => {
      if (error instanceof RemoteError && error.cause instanceof RangeError) return -item.key;
      throw error;
    },
    ...(signal === undefined ? {} : { signal }),
  });
  return outcomeOf(Promise.resolve(mapped));
}

export function loop(count: number): Promise<Outcome<string>> {
  return outcomeOf(
    currentCluster().distributed(range(count), String, {
      reduce: (left, right) => `${left} ${right}`,
      maxDeaths: 1_000,
    }),
  );
}

export function seen(): { readonly pid: number; readonly procs: number[] } {
  return { pid: myId(), procs: currentCluster().procs() };
}
