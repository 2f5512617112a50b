/** The middle of several measurements and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Throws a `RangeError` if there are no values. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).toSorted();
  return { median: percentile(sorted, 0.5), low: percentile(sorted, 0), high: percentile(sorted, 1) };
}

/** The value below which `share` (0 to 1) of the sorted values lie, interpolated between neighbours. */
export function percentile(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) throw new RangeError("no values, so no percentile");
  const position = share * (sorted.length - 1);
  const below = sorted[Math.floor(position)]!;
  const above = sorted[Math.ceil(position)]!;
  return below + (above - below) * (position - Math.floor(position));
}
