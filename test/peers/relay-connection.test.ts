import assert from "node:assert/strict";
import { test } from "node:test";
import { RELAY_WINDOW, RelayConnection } from "#dist/peers/relay-connection.js";
import { authenticatedLimits } from "#dist/protocol/limits.js";
import { bareMessage, MessageType, type Message } from "#dist/protocol/message.js";

/** Two ends of a relay, and a manager between them that counts what it holds. */
class Relay {
  readonly received: Message[] = [];
  readonly closed: (Error | undefined)[] = [];
  drained = 0;
  /** The most bytes that have ever been under way to the reader. */
  most = 0;
  readonly #queue: Message[] = [];
  readonly near: RelayConnection;
  readonly far: RelayConnection;

  constructor() {
    this.near = new RelayConnection(
      3,
      0,
      (message) => this.#pass(message, () => this.far),
      () => {},
    );
    this.far = new RelayConnection(
      2,
      0,
      (message) => this.#pass(message, () => this.near),
      () => {},
    );
    this.near.setHandlers({
      message: () => {},
      drained: () => this.drained++,
      closed: (reason) => this.closed.push(reason),
    });
    this.far.setLimits(authenticatedLimits(4 * RELAY_WINDOW));
    this.far.setHandlers({
      message: (message) => void this.received.push({ ...message, body: new Uint8Array(message.body) }),
      drained: () => {},
      closed: (reason) => this.closed.push(reason),
    });
  }

  #pass(message: Message, to: () => RelayConnection): void {
    this.#queue.push(message);
    const held = this.#queue
      .filter(({ type }) => type === MessageType.relayed)
      .reduce(
        (sum, { body, segments }) => sum + body.length + segments.reduce((all, one) => all + one.length, 0),
        0,
      );
    this.most = Math.max(this.most, held);
    setImmediate(() => {
      const next = this.#queue.shift()!;
      if (next.type === MessageType.relayCredit) to().credited(next);
      else to().receive(next);
    });
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function message(id: number, size: number, ...segments: Uint8Array[]): Message {
  return { ...bareMessage(MessageType.call, id, 7), flags: 5, body: new Uint8Array(size).fill(id), segments };
}

test("a relay carries every field of a message, in order", async () => {
  const relay = new Relay();
  const segment = new Uint8Array([1, 2, 3]);
  for (let id = 0; id < 100; id++) relay.near.send(message(id, id, segment));
  await turns(10);
  assert.deepEqual(
    relay.received,
    Array.from({ length: 100 }, (_, id) => message(id, id, segment)),
  );
});

test("a slow reader fills its writer's memory, and not the manager's", async () => {
  const relay = new Relay();
  relay.far.pause();
  const size = 60_000;
  const count = 100;
  for (let id = 0; id < count; id++) relay.near.send(message(id, size));
  assert.equal(relay.near.hasRoom, false);
  await turns(10);
  assert.equal(relay.received.length, 0);
  relay.far.resume();
  while (relay.received.length < count) await turns(1);
  assert.ok(relay.most <= RELAY_WINDOW, `${relay.most} bytes were held`);
  await turns(4);
  assert.equal(relay.near.hasRoom, true);
  assert.equal(relay.drained, 1);
  assert.deepEqual(
    relay.received.map(({ id }) => id),
    Array.from({ length: count }, (_, id) => id),
  );
});

test("a message larger than the window travels alone", async () => {
  const relay = new Relay();
  relay.near.send(message(1, 10));
  relay.near.send(message(2, 0, new Uint8Array(3 * RELAY_WINDOW)));
  relay.near.send(message(3, 10));
  while (relay.received.length < 3) await turns(1);
  assert.deepEqual(
    relay.received.map(({ id }) => id),
    [1, 2, 3],
  );
});

test("a message above the limit ends the relay at both ends", async () => {
  const relay = new Relay();
  relay.near.send(message(1, 0, new Uint8Array(5 * RELAY_WINDOW)));
  await turns(6);
  assert.equal(relay.received.length, 0);
  assert.match(relay.closed.map((reason) => reason?.message ?? "").join(), /maxMessageBytes/);
  assert.equal(relay.closed.length, 2);
});

test("an end comes after all that was sent before it", async () => {
  const relay = new Relay();
  for (let id = 0; id < 50; id++) relay.near.send(message(id, 60_000));
  relay.near.end();
  while (relay.closed.length < 2) await turns(1);
  assert.equal(relay.received.length, 50);
  assert.deepEqual(relay.closed, [undefined, undefined]);
  assert.ok(!relay.near.isOpen && !relay.far.isOpen);
});
