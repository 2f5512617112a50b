/** What a filler needs of the reader of the whole message. */
export interface MemberReader {
  value(depth: number): unknown;
}

/** Reads the next members of a record, from key number `i` on, and answers the number of the key that follows. */
export type RecordFiller = (
  record: Record<string, unknown>,
  keys: readonly string[],
  i: number,
  reader: MemberReader,
  depth: number,
) => number;

/*
 * The functions of a table are the same on purpose. The engine learns for each place in the source which property is
 * stored there; a store that sees many names is about seven times slower than one that sees always the same. So
 * each often used key list gets functions of its own, which other codecs achieve by generating code at run time.
 */
// prettier-ignore
const fillersOfFour: readonly RecordFiller[] = [
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); o[k[i + 2]!] = r.value(d); o[k[i + 3]!] = r.value(d); return i + 4; },
];

// prettier-ignore
const fillersOfTwo: readonly RecordFiller[] = [
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); o[k[i + 1]!] = r.value(d); return i + 2; },
];

// prettier-ignore
const fillersOfOne: readonly RecordFiller[] = [
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
  (o, k, i, r, d) => { o[k[i]!] = r.value(d); return i + 1; },
];

/** Hands out the fillers, each once. */
export class RecordFillers {
  #fours = 0;
  #twos = 0;
  #ones = 0;

  /** Fillers for all keys of a list, or undefined when there are not enough left. */
  claim(keys: number): readonly RecordFiller[] | undefined {
    const fours = this.#fours + (keys >> 2);
    const twos = this.#twos + ((keys >> 1) & 1);
    const ones = this.#ones + (keys & 1);
    if (fours > fillersOfFour.length || twos > fillersOfTwo.length || ones > fillersOfOne.length)
      return undefined;
    const claimed = [
      ...fillersOfFour.slice(this.#fours, fours),
      ...fillersOfTwo.slice(this.#twos, twos),
      ...fillersOfOne.slice(this.#ones, ones),
    ];
    this.#fours = fours;
    this.#twos = twos;
    this.#ones = ones;
    return claimed;
  }
}
