/** The part of a buffer, from `start` to before `end`, that has to travel as one for its views to keep sharing it. */
export interface SharedWindow {
  readonly start: number;
  readonly end: number;
}

/**
 * Which memory the binary values of a message look at. Each value alone travels as the bytes it shows, so that a
 * small view of a large buffer stays small; only where two of a message overlap does the memory itself travel.
 */
export class ViewedMemory {
  #buffers: ArrayBuffer[] = [];
  #bounds: number[] = [];

  get count(): number {
    return this.#buffers.length;
  }

  add(buffer: ArrayBuffer, start: number, end: number): void {
    this.#buffers.push(buffer);
    this.#bounds.push(start, end);
  }

  rewind(count: number): void {
    this.#buffers.length = count;
    this.#bounds.length = count * 2;
  }

  clear(): void {
    if (this.#buffers.length === 0) return;
    this.#buffers = [];
    this.#bounds = [];
  }

  /** The buffers of which two values overlap, each with all that its values show; undefined if there is none. */
  overlaps(): Map<ArrayBuffer, SharedWindow> | undefined {
    if (this.#buffers.length < 2) return undefined;
    const windows = new Map<ArrayBuffer, SharedWindow[]>();
    this.#buffers.forEach((buffer, index) => {
      const window = { start: this.#bounds[index * 2] as number, end: this.#bounds[index * 2 + 1] as number };
      const others = windows.get(buffer);
      if (others === undefined) windows.set(buffer, [window]);
      else others.push(window);
    });
    let shared: Map<ArrayBuffer, SharedWindow> | undefined;
    for (const [buffer, ofBuffer] of windows) {
      const window = overlapping(ofBuffer);
      if (window !== undefined) (shared ??= new Map()).set(buffer, window);
    }
    return shared;
  }
}

function overlapping(windows: SharedWindow[]): SharedWindow | undefined {
  if (windows.length < 2) return undefined;
  const sorted = windows.toSorted((one, other) => one.start - other.start);
  let end = 0;
  let overlap = false;
  for (const window of sorted) {
    if (window.start < end) overlap = true;
    end = Math.max(end, window.end);
  }
  // Aligned for every kind of element, so that each view can be made over the memory that arrives.
  const start = Math.floor((sorted[0] as SharedWindow).start / 8) * 8;
  return overlap ? { start, end } : undefined;
}
