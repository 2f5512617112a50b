import { Encoder } from "../protocol/codec.js";
import { describeThrown, type ThrownDescription } from "../protocol/thrown-description.js";

/**
 * A way to make one function of others, which every process knows by this name. `each` applies one to a list of items;
 * `fold` applies the first to the items of a chunk and combines the results with the second; `run` only applies it.
 */
export type Composition = "each" | "fold" | "run";

/** What `each` gives: the results, with holes where an item failed, and how those failed. */
export interface EachOutcome {
  readonly values: readonly unknown[];
  readonly failures: readonly (readonly [position: number, failure: ThrownDescription])[];
}

/** A part of what a loop goes over: items themselves, or the places of a range. */
export type Chunk<T> =
  | { readonly items: ArrayLike<T>; readonly length: number }
  | { readonly start: number; readonly step: number; readonly from: number; readonly length: number };

type Unary = (item: unknown) => unknown;
type Binary = (left: unknown, right: unknown) => unknown;

/** The functions run one after another: an asynchronous one is awaited before the next begins. */
export function compose(composition: Composition, functions: readonly Function[]): Function {
  const [first, second] = functions as [Unary, Binary];
  switch (composition) {
    case "each":
      return (items: readonly unknown[]) => each(first, items);
    case "fold":
      return (chunk: Chunk<unknown>) => fold(first, second, chunk);
    case "run":
      return (chunk: Chunk<unknown>) => run(first, chunk);
  }
}

/** What the body gives stays here, and need not be able to travel. */
function run(body: Unary, chunk: Chunk<unknown>): unknown {
  const done = fold(body, nothing, chunk);
  return isThenable(done) ? done.then(nothing) : undefined;
}

function nothing(): void {}

/** Returns at once, without a promise, if no item is asynchronous. */
function each(fn: Unary, items: readonly unknown[]): EachOutcome | Promise<EachOutcome> {
  const values: unknown[] = [];
  const failures: [number, ThrownDescription][] = [];
  for (const [position, item] of items.entries()) {
    try {
      const value = fn(item);
      if (isThenable(value)) return eachFrom(fn, items, value, { values, failures });
      values.push(value);
    } catch (error) {
      values.push(undefined);
      failures.push([position, describeForTravel(error)]);
    }
  }
  return { values, failures };
}

async function eachFrom(
  fn: Unary,
  items: readonly unknown[],
  pending: PromiseLike<unknown>,
  { values, failures }: { values: unknown[]; failures: [number, ThrownDescription][] },
): Promise<EachOutcome> {
  let next: unknown = pending;
  for (let position = values.length; position < items.length; position++) {
    try {
      values.push(await (next ?? fn(items[position])));
    } catch (error) {
      values.push(undefined);
      failures.push([position, describeForTravel(error)]);
    }
    next = undefined;
  }
  return { values, failures };
}

/** The error goes along as its caller would get it from a call of its own: itself only if it can travel. */
function describeForTravel(thrown: unknown): ThrownDescription {
  const described = describeThrown(thrown);
  try {
    new Encoder().encode(thrown);
    return { ...described, thrown };
  } catch {
    return described;
  }
}

/** From the left, beginning with the first result. A chunk is never empty. */
function fold(body: Unary, reduce: Binary, chunk: Chunk<unknown>): unknown {
  let total = body(itemAt(chunk, 0));
  for (let index = 1; index < chunk.length; index++) {
    if (isThenable(total)) return foldFrom(body, reduce, chunk, total, index);
    const left = total;
    const right = body(itemAt(chunk, index));
    total = isThenable(right) ? right.then((value) => reduce(left, value)) : reduce(left, right);
  }
  return total;
}

async function foldFrom(
  body: Unary,
  reduce: Binary,
  chunk: Chunk<unknown>,
  pending: PromiseLike<unknown>,
  from: number,
): Promise<unknown> {
  let total = await pending;
  for (let index = from; index < chunk.length; index++) {
    total = await reduce(total, await body(itemAt(chunk, index)));
  }
  return total;
}

function itemAt<T>(chunk: Chunk<T>, index: number): T | number {
  if ("items" in chunk) return chunk.items[index]!;
  return chunk.start + (chunk.from + index) * chunk.step;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}
