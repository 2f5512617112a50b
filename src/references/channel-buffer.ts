import { Fifo } from "../util/fifo.js";

/** A value in a channel. Values are numbered in the order in which they were put. */
export interface ChannelItem<T> {
  readonly value: T;
  readonly position: number;
}

/** Why a channel was closed. In good order, unless there is an error. */
export interface ChannelEnd {
  readonly error?: unknown;
}

/** Who waits for a value, to take it or only to see it. One of the two is called, once. */
export interface ChannelReader<T> {
  give(item: ChannelItem<T>): void;
  closed(end: ChannelEnd): void;
}

/** Who waits until its value is in. One of the two is called, once. */
export interface ChannelWriter {
  accepted(): void;
  closed(end: ChannelEnd): void;
}

interface WaitingPut<T> {
  readonly item: ChannelItem<T>;
  readonly writer: ChannelWriter;
}

/**
 * A channel's values and those who wait, first come, first served. With a capacity of 0 nothing is buffered: a value is in
 * when it has been taken. After it was closed nothing more comes in, and what is buffered can still be taken.
 */
export class ChannelBuffer<T> {
  readonly #capacity: number;
  readonly #items = new Fifo<ChannelItem<T>>();
  readonly #puts = new Fifo<WaitingPut<T>>();
  readonly #takers = new Fifo<ChannelReader<T>>();
  readonly #peekers = new Fifo<ChannelReader<T>>();
  #end: ChannelEnd | undefined;
  #nextPosition = 0;

  /** A capacity is a whole number from 0, or `Infinity`. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get isOpen(): boolean {
    return this.#end === undefined;
  }

  /** Values that are buffered, without those whose putters wait. */
  get size(): number {
    return this.#items.length;
  }

  /** Whether there is a value to take. */
  get isReady(): boolean {
    return this.#items.length > 0 || this.#puts.length > 0;
  }

  /** Those who wait to put, to take or to see. */
  get waiting(): number {
    return this.#puts.length + this.#takers.length + this.#peekers.length;
  }

  put(value: T, writer: ChannelWriter): void {
    if (this.#end !== undefined) return writer.closed(this.#end);
    const item = { value, position: this.#nextPosition++ };
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      taker.give(item);
      writer.accepted();
    } else if (this.#items.length < this.#capacity) {
      this.#items.push(item);
      writer.accepted();
      this.#show();
    } else {
      this.#puts.push({ item, writer });
      this.#show();
    }
  }

  take(taker: ChannelReader<T>): void {
    const item = this.#next();
    if (item !== undefined) taker.give(item);
    else if (this.#end !== undefined) taker.closed(this.#end);
    else this.#takers.push(taker);
  }

  /** Shows the next value without taking it. */
  peek(peeker: ChannelReader<T>): void {
    const item = this.#items.first ?? this.#puts.first?.item;
    if (item !== undefined) peeker.give(item);
    else if (this.#end !== undefined) peeker.closed(this.#end);
    else this.#peekers.push(peeker);
  }

  /** A value that was given to a taker who did not want it any more goes back to where it was, also if that is closed. */
  putBack(item: ChannelItem<T>): void {
    const taker = this.#takers.shift();
    if (taker !== undefined) return taker.give(item);
    this.#items.insertBefore(item, (other) => other.position > item.position);
    this.#show();
  }

  /** What is buffered stays to be taken; who waits to put, or for a value, is told. Later ends do not count. */
  close(end: ChannelEnd = {}): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    for (const { writer } of this.#puts.takeAll()) writer.closed(end);
    for (const taker of this.#takers.takeAll()) taker.closed(end);
    for (const peeker of this.#peekers.takeAll()) peeker.closed(end);
  }

  /** Nobody waits there any more; says whether it did. It is not told. */
  stopReading(reader: ChannelReader<T>): boolean {
    return this.#takers.remove(reader) || this.#peekers.remove(reader);
  }

  /** As `stopReading`. Gives the value that does not come in, if there is one. */
  stopPutting(writer: ChannelWriter): { readonly value: T } | undefined {
    const put = this.#puts.find((waiting) => waiting.writer === writer);
    if (put === undefined) return undefined;
    this.#puts.remove(put);
    return put.item;
  }

  /** Takes all values out, also those that wait to come in. */
  drain(): T[] {
    return [...this.#items.takeAll(), ...this.#puts.takeAll().map(({ item }) => item)].map(
      ({ value }) => value,
    );
  }

  #next(): ChannelItem<T> | undefined {
    const item = this.#items.shift();
    const isFull = this.#items.length >= this.#capacity;
    if (item !== undefined && isFull) return item;
    const put = this.#puts.shift();
    if (put === undefined) return item;
    put.writer.accepted();
    if (item === undefined) return put.item;
    this.#items.push(put.item);
    return item;
  }

  #show(): void {
    const item = this.#items.first ?? this.#puts.first?.item;
    if (item === undefined) return;
    for (const peeker of this.#peekers.takeAll()) peeker.give(item);
  }
}
