/** Up to here comparing with each is cheaper than hashing: most calls carry fewer objects. */
const SCANNED = 12;

/**
 * The objects of one message in the order in which they were met, to find those met before.
 *
 * A few objects are compared one by one; from `SCANNED` on a `Set` tells whether an object is new (one hash
 * operation), and only when the first turns out not to be are their positions gathered in a `Map`.
 */
export class SeenObjects {
  #list: (object | undefined)[] = Array.from({ length: SCANNED }, () => undefined);
  #count = 0;
  #set: Set<object> | undefined;
  #positions: Map<object, number> | undefined;

  /** Whether `enter` ever answered with a position since the last `clear`. */
  foundAgain = false;

  get count(): number {
    return this.#count;
  }

  /** The position of an object that was met before, or -1, and then it is entered as the next. */
  enter(value: object): number {
    if (this.#set !== undefined) return this.#enterInSet(value, this.#set);
    const list = this.#list;
    const count = this.#count;
    for (let index = 0; index < count; index++) {
      if (list[index] === value) {
        this.foundAgain = true;
        return index;
      }
    }
    if (count === SCANNED) return this.#enterInSet(value, (this.#set = new Set(list as object[])));
    list[count] = value;
    this.#count = count + 1;
    return -1;
  }

  #enterInSet(value: object, set: Set<object>): number {
    const before = set.size;
    set.add(value);
    if (set.size === before) return this.#positionOf(value);
    this.#list.push(value);
    this.#count++;
    return -1;
  }

  #positionOf(value: object): number {
    this.foundAgain = true;
    const positions = (this.#positions ??= new Map());
    for (let index = positions.size; index < this.#count; index++) positions.set(this.#list[index]!, index);
    return positions.get(value) as number;
  }

  /** Forgets the objects entered since there were `count`. */
  rewind(count: number): void {
    while (this.#count > count) {
      const value = this.#list[--this.#count] as object;
      if (this.#set === undefined) this.#list[this.#count] = undefined;
      else {
        this.#list.pop();
        this.#set.delete(value);
      }
    }
    this.#positions = undefined;
  }

  /** Lets go of every object. */
  clear(): void {
    if (this.#set === undefined) {
      for (let index = 0; index < this.#count; index++) this.#list[index] = undefined;
    } else {
      this.#list = Array.from({ length: SCANNED }, () => undefined);
      this.#set = undefined;
      this.#positions = undefined;
    }
    this.#count = 0;
    this.foundAgain = false;
  }
}
