/** A seeded source of numbers: the same seed gives the same numbers on every machine. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** `seed` is a whole number from 0 to 2^32 - 1, as is `stream`, which makes independent sources from one seed. */
  constructor(seed: number, stream = 0) {
    this.#a = 0;
    this.#b = seed | 0;
    this.#c = stream | 0;
    // The first rounds only spread the seed over the state.
    for (let round = 0; round < 15; round++) this.uint32();
  }

  /** A whole number from 0 to 2^32 - 1 (the generator sfc32 of Chris Doty-Humphrey's PractRand). */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }

  /** A whole number from 0 to `limit` - 1; `limit` must be far below 2^32 for the numbers to be equally likely. */
  below(limit: number): number {
    return Math.floor((this.uint32() / 2 ** 32) * limit);
  }
}
