/**
 * Which of the whole numbers from 1 have been seen. They come nearly in order and hardly any stays away, so what has to be
 * remembered is few ranges, mostly one.
 */
export class SeenNumbers {
  /** Ranges in ascending order, each as its first and its last number; they neither touch nor overlap. */
  readonly #ranges: [first: number, last: number][] = [];

  /** How many ranges there are: what the memory is proportional to. */
  get ranges(): number {
    return this.#ranges.length;
  }

  has(number: number): boolean {
    const range = this.#ranges[this.#indexBefore(number)];
    return range !== undefined && number <= range[1];
  }

  add(number: number): void {
    const index = this.#indexBefore(number);
    const before = this.#ranges[index];
    if (before !== undefined && number <= before[1]) return;
    const after = this.#ranges[index + 1];
    const joinsBefore = before !== undefined && before[1] === number - 1;
    const joinsAfter = after !== undefined && after[0] === number + 1;
    if (joinsBefore && joinsAfter) {
      before[1] = after[1];
      this.#ranges.splice(index + 1, 1);
    } else if (joinsBefore) before[1] = number;
    else if (joinsAfter) after[0] = number;
    else this.#ranges.splice(index + 1, 0, [number, number]);
  }

  /** The position of the last range that begins at the number or before it; -1 if there is none. */
  #indexBefore(number: number): number {
    let low = 0;
    let high = this.#ranges.length;
    // What comes in order belongs to the last range.
    const last = this.#ranges[high - 1];
    if (last !== undefined && last[0] <= number) return high - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ranges[middle]![0] <= number) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
