import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { authenticatedLimits, unauthenticatedLimits, type ProtocolLimits } from "#dist/protocol/limits.js";
import { bareMessage, MessageType, type Message } from "#dist/protocol/message.js";
import { MemoryNetwork } from "#dist/transport/memory.js";
import { tcpTransport } from "#dist/transport/tcp.js";
import type { Connection, Listener, Transport } from "#dist/transport/transport.js";
import { deferred } from "#dist/util/deferred.js";

const never = new AbortController().signal;
const host = "127.0.0.1";
const MiB = 1024 * 1024;

interface Network {
  readonly name: string;
  readonly transport: Transport;
  /** Connection ends and listeners that are open in this process. */
  readonly open: () => number;
}

function tcpHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => /^TCP(SocketWrap|ServerWrap)$/.test(name)).length;
}

const memory = new MemoryNetwork();
const networks: readonly Network[] = [
  {
    name: "memory",
    transport: memory,
    open: () => memory.openConnections + memory.openListeners,
  },
  { name: "TCP", transport: tcpTransport, open: tcpHandles },
];

/** One end with everything that it was told. */
class End {
  readonly messages: Message[] = [];
  closedTimes = 0;
  readonly closed = deferred<Error | undefined>();
  drained = deferred<void>();
  onMessage: (message: Message) => void = () => {};
  #awaited: { count: number; done: () => void } | undefined;

  constructor(
    readonly connection: Connection,
    limits: ProtocolLimits,
  ) {
    connection.setLimits(limits);
    connection.setHandlers({
      message: (message) => {
        assert.equal(this.closedTimes, 0, "no message after the end");
        this.messages.push({ ...message, body: new Uint8Array(message.body) });
        this.onMessage(message);
        if (this.messages.length >= (this.#awaited?.count ?? Infinity)) this.#awaited!.done();
      },
      drained: () => this.drained.resolve(),
      closed: (reason) => {
        this.closedTimes++;
        this.closed.resolve(reason);
      },
    });
  }

  /** Resolves when this many messages have arrived in all. */
  received(count: number): Promise<void> {
    if (this.messages.length >= count) return Promise.resolve();
    return new Promise((done) => (this.#awaited = { count, done }));
  }

  get ids(): number[] {
    return this.messages.map(({ id }) => id);
  }
}

interface Pair {
  readonly near: End;
  readonly far: End;
  readonly listener: Listener;
}

async function connect(transport: Transport, limits = authenticatedLimits()): Promise<Pair> {
  const accepted = deferred<End>();
  const accept = (connection: Connection): void => accepted.resolve(new End(connection, limits));
  const listener = await transport.listen({ host, port: 0, accept });
  const near = new End(await transport.dial({ host, port: listener.port, signal: never }), limits);
  return { near, far: await accepted.promise, listener };
}

async function bothClosed({ near, far, listener }: Pair): Promise<void> {
  await Promise.all([near.closed.promise, far.closed.promise]);
  listener.close();
  assert.deepEqual([near.closedTimes, far.closedTimes], [1, 1]);
  assert.ok(!near.connection.isOpen && !far.connection.isOpen);
}

/** Waits, by turns of the event loop, until so many ends and listeners are open; the runner's limit is the limit. */
async function untilOpen(network: Network, count: number): Promise<void> {
  while (network.open() !== count) await new Promise((resolve) => setImmediate(resolve));
}

function numbered(id: number, ...segments: Uint8Array[]): Message {
  return { ...bareMessage(MessageType.call, id), body: Uint8Array.of(id, id >> 8), segments };
}

function pattern(length: number, first: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = first + at * 31 + (at >> 12);
  return bytes;
}

for (const network of networks) {
  const { transport } = network;

  void describe(`a connection over ${network.name}`, () => {
    void test("carries every field of a message, in order, in both directions", async () => {
      const pair = await connect(transport);
      const { near, far } = pair;
      const sent = Array.from({ length: 500 }, (_, index) => ({
        type: 32 + (index % 7),
        flags: index % 64,
        id: (index * 0x1234567) >>> 0,
        aux: 0xffffffff - index,
        body: pattern(index % 300, index),
        segments: [],
      }));
      for (const message of sent) {
        near.connection.send(message);
        far.connection.send(message);
      }
      await Promise.all([near.received(500), far.received(500)]);
      assert.deepEqual(far.messages, sent);
      assert.deepEqual(near.messages, sent);
      near.connection.end();
      await bothClosed(pair);
    });

    void test("copies bodies when they are sent, so that their memory may be used again", async () => {
      const pair = await connect(transport);
      const body = Buffer.alloc(100);
      const large = Buffer.alloc(100_000);
      for (let id = 0; id < 20; id++) {
        body.fill(id);
        pair.near.connection.send({ ...bareMessage(MessageType.call, id), body });
        large.fill(id);
        if (id % 5 === 0) pair.near.connection.send({ ...bareMessage(MessageType.result, id), body: large });
      }
      body.fill(0xee);
      large.fill(0xee);
      await pair.far.received(24);
      for (const { id, body: arrived, type } of pair.far.messages) {
        assert.equal(arrived.length, type === MessageType.call ? 100 : 100_000);
        assert.ok(
          arrived.every((byte) => byte === id),
          `message ${id}`,
        );
      }
      pair.near.connection.end();
      await bothClosed(pair);
    });

    void test("carries large segments whole and unchanged, between small messages that stay in order", async () => {
      const pair = await connect(transport);
      const { near, far } = pair;
      const segments = [pattern(5 * MiB, 1), new Uint8Array(0), pattern(3, 2), pattern(MiB + 1, 3)];
      for (let id = 1; id <= 50; id++) {
        near.connection.send(numbered(id));
        if (id % 25 === 0) near.connection.send(numbered(1000 + id, ...segments));
        far.connection.send(numbered(id, pattern(70_000 + id, id)));
      }
      await Promise.all([far.received(52), near.received(50)]);
      assert.deepEqual(
        far.ids.filter((id) => id < 1000),
        Array.from({ length: 50 }, (_, index) => index + 1),
      );
      for (const id of [1025, 1050]) {
        const message = far.messages.find((other) => other.id === id)!;
        assert.deepEqual(message.body, numbered(id).body);
        assert.equal(message.segments.length, 4);
        for (const [index, segment] of message.segments.entries())
          assert.ok(Buffer.from(segments[index]!).equals(segment), `segment ${index} of ${id}`);
      }
      for (const {
        id,
        segments: [segment],
      } of near.messages)
        assert.ok(Buffer.from(pattern(70_000 + id, id)).equals(segment!), `message ${id}`);
      near.connection.end();
      await bothClosed(pair);
    });

    void test("gives each receiver segments of its own", async () => {
      const pair = await connect(transport);
      const segment = pattern(100_000, 0);
      pair.near.connection.send(numbered(1, segment));
      await pair.far.received(1);
      pair.far.messages[0]!.segments[0]!.fill(0xee);
      assert.ok(Buffer.from(segment).equals(pattern(100_000, 0)));
      pair.near.connection.end();
      await bothClosed(pair);
    });

    void test("says when more is queued than should be, and when there is room again", async () => {
      const pair = await connect(transport);
      const { near, far } = pair;
      far.connection.pause();
      const segment = new Uint8Array(MiB);
      let sent = 0;
      while (near.connection.send(numbered(sent, segment))) {
        sent++;
        assert.ok(sent < 200, "the memory for what a peer does not read is bounded");
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal(near.connection.hasRoom, false);
      far.connection.resume();
      await near.drained.promise;
      assert.equal(near.connection.hasRoom, true);
      await far.received(sent + 1);
      assert.deepEqual(
        far.ids,
        Array.from({ length: sent + 1 }, (_, index) => index),
      );
      near.connection.end();
      await bothClosed(pair);
    });

    void test("is full with very many small messages too", async () => {
      const pair = await connect(transport);
      pair.far.connection.pause();
      const body = new Uint8Array(10_000);
      let sent = 0;
      while (pair.near.connection.send({ ...bareMessage(MessageType.call, sent), body })) sent++;
      pair.far.connection.resume();
      await pair.near.drained.promise;
      await pair.far.received(sent + 1);
      pair.near.connection.end();
      await bothClosed(pair);
    });

    void test("loses nothing while its reader pauses", async () => {
      const pair = await connect(transport);
      const other = await connect(transport);
      pair.far.connection.pause();
      for (let id = 0; id < 100; id++) pair.near.connection.send(numbered(id));
      // Another connection has carried something back and forth in the meantime.
      other.near.connection.send(numbered(1));
      await other.far.received(1);
      other.far.connection.send(numbered(1));
      await other.near.received(1);
      assert.deepEqual(pair.far.ids, []);
      pair.far.connection.resume();
      await pair.far.received(100);
      assert.deepEqual(
        pair.far.ids,
        Array.from({ length: 100 }, (_, index) => index),
      );
      for (const { near } of [pair, other]) near.connection.end();
      await Promise.all([bothClosed(pair), bothClosed(other)]);
    });

    void test("delivers all that was queued before its end, large and small, and ends without a reason", async () => {
      const pair = await connect(transport);
      const { near, far } = pair;
      const segment = pattern(9 * MiB, 5);
      near.connection.send(numbered(1, segment));
      for (let id = 2; id <= 100; id++) near.connection.send(numbered(id));
      near.connection.end();
      near.connection.end();
      assert.equal(near.connection.isOpen, false);
      assert.equal(near.connection.send(numbered(999)), true, "what comes after the end is dropped");
      await bothClosed(pair);
      assert.equal(await far.closed.promise, undefined);
      assert.equal(far.messages.length, 100);
      const large = far.messages.find(({ id }) => id === 1)!;
      assert.ok(Buffer.from(segment).equals(large.segments[0]!));
    });

    void test("delivers what was queued before its end to a reader that paused", async () => {
      const pair = await connect(transport);
      pair.far.connection.pause();
      for (let id = 1; id <= 10; id++) pair.near.connection.send(numbered(id));
      pair.near.connection.end();
      pair.far.connection.resume();
      await bothClosed(pair);
      assert.equal(pair.far.messages.length, 10);
    });

    void test("is destroyed with a reason, which its owner is told, and its peer sees the end", async () => {
      const pair = await connect(transport);
      const reason = new Error("enough");
      pair.near.connection.destroy(reason);
      pair.near.connection.destroy(new Error("another"));
      assert.equal(pair.near.connection.isOpen, false);
      await bothClosed(pair);
      assert.equal(await pair.near.closed.promise, reason);
      await untilOpen(network, 0);
    });

    void test("is destroyed at once, also when it was about to end and its peer does not read", async () => {
      const pair = await connect(transport);
      pair.listener.close();
      pair.far.connection.pause();
      await untilOpen(network, 2);
      for (let id = 0; id < 40; id++) pair.near.connection.send(numbered(id, new Uint8Array(MiB)));
      pair.near.connection.end();
      pair.near.connection.destroy();
      await pair.near.closed.promise;
      await untilOpen(network, 1);
      pair.far.connection.destroy();
      await bothClosed(pair);
    });

    void test("tells nothing any more once it is destroyed, not even what was read with the last message", async () => {
      const pair = await connect(transport);
      const { near, far } = pair;
      far.onMessage = ({ id }) => {
        if (id === 3) far.connection.destroy();
      };
      for (let id = 1; id <= 20; id++) near.connection.send(numbered(id));
      await bothClosed(pair);
      assert.deepEqual(far.ids, [1, 2, 3]);
    });

    void test("ends with the error of a handler that throws", async () => {
      const pair = await connect(transport);
      const error = new Error("a defect of the reader");
      pair.far.onMessage = () => {
        throw error;
      };
      pair.near.connection.send(numbered(1));
      await bothClosed(pair);
      assert.equal(await pair.far.closed.promise, error);
    });

    void test("ends with an error when its peer breaks a limit", async () => {
      const pair = await connect(transport, unauthenticatedLimits);
      pair.near.connection.send({ ...bareMessage(MessageType.hello, 1), body: new Uint8Array(512) });
      pair.near.connection.send({ ...bareMessage(MessageType.hello, 2), body: new Uint8Array(513) });
      await bothClosed(pair);
      const error = (await pair.far.closed.promise) as Error & { code: string };
      assert.deepEqual([error.name, error.code], ["ProtocolError", "ERR_FRAME_TOO_LARGE"]);
      assert.deepEqual(pair.far.ids, [1]);
    });

    void test("ends with an error when a message with its segments is too large", async () => {
      const pair = await connect(transport, { ...authenticatedLimits(), maxMessage: 100_000 });
      pair.near.connection.send(numbered(1, new Uint8Array(90_000)));
      await pair.far.received(1);
      pair.near.connection.send(numbered(2, new Uint8Array(60_000), new Uint8Array(60_000)));
      await bothClosed(pair);
      const error = (await pair.far.closed.promise) as Error & { code: string };
      assert.equal(error.code, "ERR_FRAME_TOO_LARGE");
      assert.match(error.message, /120002 bytes.*100000.*maxMessageBytes/);
    });

    void test("knows the addresses of both ends", async () => {
      const pair = await connect(transport);
      for (const { connection } of [pair.near, pair.far]) {
        assert.equal(connection.remoteHost, host);
        assert.equal(connection.localHost, host);
        assert.ok(connection.remote.startsWith(`${host}:`), connection.remote);
      }
      pair.near.connection.end();
      await bothClosed(pair);
    });
  });

  void describe(`dialling and listening over ${network.name}`, () => {
    const refuse = (connection: Connection): void => connection.destroy();

    void test("a port that nobody listens on refuses", async () => {
      const listener = await transport.listen({ host, port: 0, accept: refuse });
      listener.close();
      await assert.rejects(transport.dial({ host, port: listener.port, signal: never }), {
        code: "ECONNREFUSED",
      });
    });

    void test("an aborted dial rejects with the signal's reason, before or after it began", async () => {
      const listener = await transport.listen({ host, port: 0, accept: refuse });
      const reason = new Error("no longer");
      const options = { host, port: listener.port };
      await assert.rejects(transport.dial({ ...options, signal: AbortSignal.abort(reason) }), reason);
      const controller = new AbortController();
      const dialling = transport.dial({ ...options, signal: controller.signal });
      controller.abort(reason);
      await assert.rejects(dialling, reason);
      listener.close();
    });

    void test("an abort after the dial concerns the connection no more", async () => {
      const controller = new AbortController();
      const accepted = deferred<End>();
      const accept = (connection: Connection): void =>
        accepted.resolve(new End(connection, authenticatedLimits()));
      const listener = await transport.listen({ host, port: 0, accept });
      const connection = await transport.dial({ host, port: listener.port, signal: controller.signal });
      const near = new End(connection, authenticatedLimits());
      controller.abort();
      near.connection.send(numbered(1));
      const far = await accepted.promise;
      await far.received(1);
      near.connection.end();
      await bothClosed({ near, far, listener });
    });

    void test("a port is given to one listener at a time, and again after that has closed", async () => {
      const first = await transport.listen({ host, port: 0, accept: refuse });
      assert.equal(first.host, host);
      assert.ok(first.port > 0);
      await assert.rejects(transport.listen({ host, port: first.port, accept: refuse }), {
        code: "EADDRINUSE",
      });
      first.close();
      await untilOpen(network, 0);
      const second = await transport.listen({ host, port: first.port, accept: refuse });
      assert.equal(second.port, first.port);
      second.close();
    });

    void test("connections live on when their listener closes", async () => {
      const pair = await connect(transport);
      pair.listener.close();
      pair.near.connection.send(numbered(7));
      await pair.far.received(1);
      pair.near.connection.end();
      await bothClosed(pair);
    });

    void test("nothing is left open in the end", async () => {
      await untilOpen(network, 0);
    });
  });
}
