import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ChannelBuffer,
  type ChannelEnd,
  type ChannelItem,
  type ChannelReader,
  type ChannelWriter,
} from "#dist/references/channel-buffer.js";
import { newSeed, seeded, type Random } from "../fixtures/random.js";

/** What a channel should do, without any care for speed: lists that are searched from the front after every step. */
class Model {
  items: ChannelItem<number>[] = [];
  puts: { item: ChannelItem<number>; id: number }[] = [];
  takers: number[] = [];
  peekers: number[] = [];
  end: ChannelEnd | undefined;
  next = 0;
  readonly events: string[] = [];

  constructor(readonly capacity: number) {}

  put(value: number, id: number): void {
    if (this.end !== undefined) return this.tell(`put ${id} closed`);
    this.puts.push({ item: { value, position: this.next++ }, id });
    this.settle();
  }

  take(id: number): void {
    this.takers.push(id);
    this.settle();
  }

  peek(id: number): void {
    this.peekers.push(id);
    this.settle();
  }

  putBack(item: ChannelItem<number>): void {
    this.items = [...this.items, item].toSorted((a, b) => a.position - b.position);
    this.settle();
  }

  close(end: ChannelEnd): void {
    if (this.end !== undefined) return;
    this.end = end;
    for (const { id } of this.puts.splice(0)) this.tell(`put ${id} closed`);
    this.settle();
  }

  settle(): void {
    for (;;) {
      const put = this.puts[0];
      const taker = this.takers[0];
      if (taker !== undefined && this.items.length > 0) {
        this.takers.shift();
        this.tell(`take ${taker} ${this.items.shift()!.value}`);
      } else if (put !== undefined && (this.items.length < this.capacity || taker !== undefined)) {
        this.puts.shift();
        this.tell(`put ${put.id} done`);
        this.items.push(put.item);
      } else break;
    }
    const first = this.items[0] ?? this.puts[0]?.item;
    if (first !== undefined) for (const id of this.peekers.splice(0)) this.tell(`peek ${id} ${first.value}`);
    else if (this.end !== undefined) {
      for (const id of this.takers.splice(0)) this.tell(`take ${id} closed`);
      for (const id of this.peekers.splice(0)) this.tell(`peek ${id} closed`);
    }
  }

  tell(event: string): void {
    this.events.push(event);
  }
}

/** One random history of a channel and of its model, compared after every step. */
function compare(random: Random): void {
  const capacity = [0, 1, 3, Infinity][random(4)]!;
  const buffer = new ChannelBuffer<number>(capacity);
  const model = new Model(capacity);
  let told: string[] = [];
  const taken: ChannelItem<number>[] = [];
  const readers = new Map<number, ChannelReader<number>>();
  const writers = new Map<number, ChannelWriter>();
  const reader = (what: "take" | "peek", id: number): ChannelReader<number> => {
    const made = {
      give: (item: ChannelItem<number>) => {
        told.push(`${what} ${id} ${item.value}`);
        if (what === "take") taken.push(item);
        readers.delete(id);
      },
      closed: () => {
        told.push(`${what} ${id} closed`);
        readers.delete(id);
      },
    };
    readers.set(id, made);
    return made;
  };
  const any = <T>(values: Iterable<T>): T | undefined => {
    const all = [...values];
    return all[random(Math.max(1, all.length))];
  };
  for (let id = 0; id < 60; id++) {
    const step = random(100);
    if (step < 35) {
      const writer = {
        accepted: () => {
          told.push(`put ${id} done`);
          writers.delete(id);
        },
        closed: () => {
          told.push(`put ${id} closed`);
          writers.delete(id);
        },
      };
      writers.set(id, writer);
      buffer.put(id, writer);
      model.put(id, id);
    } else if (step < 65) {
      buffer.take(reader("take", id));
      model.take(id);
    } else if (step < 75) {
      buffer.peek(reader("peek", id));
      model.peek(id);
    } else if (step < 85) {
      const stopped = any(readers);
      if (stopped !== undefined) {
        assert.equal(buffer.stopReading(stopped[1]), true);
        assert.equal(buffer.stopReading(stopped[1]), false);
        readers.delete(stopped[0]);
        model.takers = model.takers.filter((other) => other !== stopped[0]);
        model.peekers = model.peekers.filter((other) => other !== stopped[0]);
      }
    } else if (step < 90) {
      const stopped = any(writers);
      if (stopped !== undefined) {
        assert.equal(buffer.stopPutting(stopped[1])?.value, stopped[0]);
        writers.delete(stopped[0]);
        model.puts = model.puts.filter((put) => put.id !== stopped[0]);
      }
    } else if (step < 98) {
      const item = taken.splice(random(Math.max(1, taken.length)), 1)[0];
      if (item !== undefined) {
        buffer.putBack(item);
        model.putBack(item);
      }
    } else {
      buffer.close();
      model.close({});
    }
    // Who is served by one step is told in whatever order.
    assert.deepEqual(told.toSorted(), model.events.splice(0).toSorted(), `step ${id}`);
    told = [];
    assert.equal(buffer.size, model.items.length);
    assert.equal(buffer.isReady, model.items.length + model.puts.length > 0);
    assert.equal(buffer.isOpen, model.end === undefined);
    assert.equal(buffer.waiting, model.puts.length + model.takers.length + model.peekers.length);
  }
}

void test("a channel does what its model does, in any order of puts, takes, ends and withdrawals", (context) => {
  const random = seeded(newSeed(context));
  for (let round = 0; round < 2_000; round++) compare(random);
});

void test("values that are given back stand where they stood", () => {
  const buffer = new ChannelBuffer<string>(10);
  const taken: ChannelItem<string>[] = [];
  const reader = { give: (item: ChannelItem<string>) => void taken.push(item), closed: () => {} };
  for (const value of ["a", "b", "c"]) buffer.put(value, { accepted: () => {}, closed: () => {} });
  buffer.take(reader);
  buffer.take(reader);
  const [a, b] = taken.splice(0);
  buffer.putBack(a!);
  buffer.putBack(b!);
  assert.deepEqual(buffer.drain(), ["a", "b", "c"]);
});
