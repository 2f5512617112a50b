import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test, type TestContext } from "node:test";
import { newCodec } from "#dist/protocol/codec.js";
import { ConnectionPurpose, NONCE_SIZE } from "#dist/protocol/handshake.js";
import { DEFAULT_MAX_MESSAGE } from "#dist/protocol/limits.js";
import { MessageType } from "#dist/protocol/message.js";
import { ControlChannel } from "#dist/rpc/control-channel.js";
import { acceptHandshake } from "#dist/rpc/handshake-exchange.js";
import { MemoryNetwork } from "#dist/transport/memory.js";
import type { Connection, DialOptions } from "#dist/transport/transport.js";
import { deferred, type Deferred } from "#dist/util/deferred.js";
import { ControlLink } from "#dist/worker/control-link.js";

const KEY = new Uint8Array(32).fill(3);

/** The manager's end: it answers as long as `isAwake`, and pings only when it is told to. */
class Manager {
  readonly network = new Hosts();
  readonly channels: ControlChannel[] = [];
  readonly heard: unknown[] = [];
  isAwake = true;
  readonly #waiting: Connection[] = [];
  readonly hasWaiting = deferred<void>();
  #next: Deferred<void> = deferred();

  async listen(): Promise<void> {
    await this.network.listen({ host: "manager", port: 1, accept: (connection) => this.#accept(connection) });
  }

  /** Resolves when one more channel stands. */
  connected(): Promise<void> {
    return this.#next.promise;
  }

  /** Answers what came meanwhile, as a process does that was held up by its own work. */
  wake(): void {
    this.isAwake = true;
    for (const connection of this.#waiting.splice(0)) this.#accept(connection);
  }

  #accept(connection: Connection): void {
    // A link that is closed meanwhile ends its handshake.
    if (this.isAwake) this.#answer(connection).catch(() => {});
    else {
      this.#waiting.push(connection);
      this.hasWaiting.resolve();
    }
  }

  async #answer(connection: Connection): Promise<void> {
    const peer = await acceptHandshake(connection, {
      nonce: randomBytes(NONCE_SIZE),
      secretOf: ({ purpose }) => {
        assert.equal(purpose, ConnectionPurpose.control);
        return KEY;
      },
      maxMessageBytes: DEFAULT_MAX_MESSAGE,
      signal: new AbortController().signal,
    });
    const channel = new ControlChannel(peer, newCodec(), {
      message: (type, content) => {
        if (type === MessageType.output) this.heard.push(content);
      },
      closed: () => channel.end(),
    });
    this.channels.push(channel);
    const connected = this.#next;
    this.#next = deferred();
    connected.resolve();
  }
}

/** A network from which hosts can vanish: then nobody answers, and nobody is told. */
class Hosts extends MemoryNetwork {
  isGone = false;
  /** Who answers in the place of all others. */
  redirect: string | undefined;

  override dial(options: DialOptions): Promise<Connection> {
    if (!this.isGone) return super.dial({ ...options, host: this.redirect ?? options.host });
    return new Promise((_, reject) => {
      options.signal.addEventListener("abort", () => reject(options.signal.reason as Error));
    });
  }
}

interface Linked {
  readonly manager: Manager;
  readonly link: ControlLink;
  readonly gone: Promise<string>;
  readonly isGone: () => boolean;
}

/** A manager that does not ping is missed soon, and long before its machine is given up. */
async function linked(context: TestContext, graceMs: number, lostMs = 15): Promise<Linked> {
  const manager = new Manager();
  await manager.listen();
  const gone = deferred<string>();
  let isGone = false;
  const link = new ControlLink({
    transport: manager.network,
    host: "manager",
    port: 1,
    keyId: "worker",
    key: KEY,
    heartbeat: { intervalMs: 5, lostMs },
    graceMs,
    onShutdown: () => assert.fail("nobody asked for it"),
    onDrain: () => assert.fail("nobody asked for it"),
    onStop: () => assert.fail("nobody asked for it"),
    onManagerGone: (message) => {
      isGone = true;
      gone.resolve(message);
    },
  });
  context.after(() => {
    link.close();
    for (const channel of manager.channels) channel.abort();
  });
  await manager.connected();
  return { manager, link, gone: gone.promise, isGone: () => isGone };
}

void test("a manager whose machine has vanished is missed when no ping comes, and given up after the grace", async (context) => {
  const { manager, gone } = await linked(context, 300);
  manager.network.isGone = true;
  assert.match(await gone, /the manager was not reached within/);
  assert.equal(manager.channels.length, 1);
});

void test("a manager that does not ping but answers gets another channel, and no output is lost", async (context) => {
  const { manager, link, isGone } = await linked(context, 1_000);
  link.sendOutput({ stream: "stdout", lines: ["before"] });
  await manager.connected();
  link.sendOutput({ stream: "stdout", lines: ["after"] });
  await manager.connected();
  assert.deepEqual(manager.heard, [
    { stream: "stdout", lines: ["before"] },
    { stream: "stdout", lines: ["after"] },
  ]);
  assert.equal(isGone(), false);
});

void test("a manager that is busy for longer than silence and grace together is waited for", async (context) => {
  const { manager, isGone } = await linked(context, 300);
  manager.isAwake = false;
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.equal(isGone(), false);
  assert.equal(manager.channels.length, 1);
  const connected = manager.connected();
  manager.wake();
  await connected;
  assert.equal(isGone(), false);
});

void test("a machine that vanishes after it took a connection, and before the manager answered, is given up", async (context) => {
  const { manager, gone } = await linked(context, 300);
  manager.isAwake = false;
  await manager.hasWaiting.promise;
  manager.network.isGone = true;
  assert.match(await gone, /the manager was not reached within/);
});

void test("whoever takes every connection and ends it at once is given up after the grace", async (context) => {
  const { manager, gone } = await linked(context, 300);
  await manager.network.listen({ host: "gate", port: 1, accept: (connection) => connection.destroy() });
  manager.network.redirect = "gate";
  assert.match(await gone, /the manager was not reached within/);
});

void test("pings keep the channel", async (context) => {
  const { manager, isGone } = await linked(context, 1_000, 60);
  for (let ping = 0; ping < 60; ping++) {
    manager.channels[0]!.post(MessageType.ping);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.equal(manager.channels.length, 1);
  assert.equal(isGone(), false);
});
