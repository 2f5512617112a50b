import assert from "node:assert/strict";
import { test } from "node:test";
import type { HandshakeError } from "#dist/errors.js";
import { ConnectionPurpose, encodeHello, RejectCode, type Hello } from "#dist/protocol/handshake.js";
import { bareMessage, MessageType, type Message } from "#dist/protocol/message.js";
import {
  acceptHandshake,
  dialHandshake,
  type AcceptorSide,
  type AuthenticatedConnection,
  type DiallerSide,
} from "#dist/rpc/handshake-exchange.js";
import { MemoryNetwork } from "#dist/transport/memory.js";
import { withTimeLimit } from "#dist/util/time-limit.js";
import { deferred } from "#dist/util/deferred.js";
import type { Connection } from "#dist/transport/transport.js";
import { connect, never, secret, type Pair } from "./memory-pair.js";

const otherSecret = new Uint8Array(32).fill(9);

async function pair(): Promise<Pair & { network: MemoryNetwork }> {
  const network = new MemoryNetwork();
  return { network, ...(await connect(network)) };
}

function dial(connection: Connection, side: Partial<DiallerSide> = {}): Promise<AuthenticatedConnection> {
  return dialHandshake(connection, {
    purpose: ConnectionPurpose.data,
    keyId: "key",
    secret,
    nonce: new Uint8Array(32).fill(3),
    maxMessageBytes: 1 << 20,
    signal: never,
    ...side,
  });
}

function accept(connection: Connection, side: Partial<AcceptorSide> = {}): Promise<AuthenticatedConnection> {
  return acceptHandshake(connection, {
    nonce: new Uint8Array(32).fill(2),
    secretOf: () => secret,
    maxMessageBytes: 1 << 20,
    signal: never,
    ...side,
  });
}

/** Speaks for a peer by hand; tells what it hears. */
function byHand(connection: Connection): { heard: Message[]; closed: Promise<Error | undefined> } {
  const heard: Message[] = [];
  const closed = deferred<Error | undefined>();
  connection.setHandlers({
    message: (message) => heard.push({ ...message, body: new Uint8Array(message.body) }),
    drained: () => {},
    closed: (reason) => closed.resolve(reason),
  });
  return { heard, closed: closed.promise };
}

/** Resolves when the memory network, which delivers in the turn after a send, has delivered what was sent. */
async function delivered(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function errorOf(promise: Promise<unknown>): Promise<HandshakeError> {
  try {
    await promise;
  } catch (error) {
    return error as HandshakeError;
  }
  throw new assert.AssertionError({ message: "this should have been refused" });
}

void test("two ends with the same secret agree on purpose, key id and a key of their own", async () => {
  const { network, near, far } = await pair();
  const hellos: Hello[] = [];
  const [dialler, acceptor] = await Promise.all([
    dial(near),
    accept(far, {
      secretOf: (hello) => {
        hellos.push(hello);
        return secret;
      },
    }),
  ]);
  assert.deepEqual(
    hellos.map(({ keyId, purpose }) => ({ keyId, purpose })),
    [{ keyId: "key", purpose: ConnectionPurpose.data }],
  );
  for (const end of [dialler, acceptor]) {
    assert.equal(end.purpose, ConnectionPurpose.data);
    assert.equal(end.keyId, "key");
  }
  assert.deepEqual(dialler.key, acceptor.key);
  assert.notDeepEqual(Buffer.from(dialler.key), Buffer.from(secret));
  assert.ok(near.isOpen && far.isOpen);
  near.destroy();
  far.destroy();
  assert.equal(network.openConnections, 0);
});

void test("an acceptor with another secret is unmasked by the dialler, before the dialler proves anything", async () => {
  const { network, near, far } = await pair();
  const [dialled, accepted] = await Promise.all([
    errorOf(dial(near)),
    errorOf(accept(far, { secretOf: () => otherSecret })),
  ]);
  assert.equal(dialled.code, "ERR_HANDSHAKE_SECRET");
  assert.match(dialled.message, /does not know the secret/);
  assert.equal(accepted.code, "ERR_HANDSHAKE_SECRET");
  assert.match(accepted.message, /refused/);
  assert.equal(network.openConnections, 0);
});

void test("a dialler with another secret is turned away, and told why", async () => {
  const { network, near, far } = await pair();
  const { heard, closed } = byHand(near);
  const accepting = errorOf(accept(far));
  const hello: Hello = { oldest: 1, newest: 1, purpose: 3, keyId: "key", nonce: new Uint8Array(32) };
  near.send({ ...bareMessage(MessageType.hello), body: encodeHello(hello) });
  near.send({ ...bareMessage(MessageType.proof), body: new Uint8Array(32) });
  assert.equal((await accepting).code, "ERR_HANDSHAKE_SECRET");
  await closed;
  assert.deepEqual(
    heard.map(({ type, aux }) => [type, aux]),
    [
      [MessageType.challenge, 0],
      [MessageType.reject, RejectCode.wrongProof],
    ],
  );
  assert.equal(network.openConnections, 0);
});

const refusals: readonly [name: keyof typeof RejectCode, code: HandshakeError["code"]][] = [
  ["unknownKey", "ERR_HANDSHAKE_TOKEN"],
  ["launchOver", "ERR_HANDSHAKE_LAUNCH_OVER"],
];

for (const [name, code] of refusals) {
  void test(`both ends get ${code} when the acceptor answers ${name}, and the dialler its words`, async () => {
    const { network, near, far } = await pair();
    const refusal = { code: RejectCode[name], message: "these are the words" };
    const [dialled, accepted] = await Promise.all([
      errorOf(dial(near)),
      errorOf(accept(far, { secretOf: () => refusal })),
    ]);
    assert.deepEqual([dialled.code, accepted.code], [code, code]);
    assert.match(dialled.message, /refused: these are the words/);
    assert.equal(network.openConnections, 0);
  });
}

const wrongBeginnings: readonly [name: string, message: Message, error: string, told: number][] = [
  [
    "a version that is not spoken here",
    {
      ...bareMessage(MessageType.hello),
      body: encodeHello({ oldest: 7, newest: 9, purpose: 3, keyId: "key", nonce: new Uint8Array(32) }),
    },
    "ERR_HANDSHAKE_VERSION",
    RejectCode.version,
  ],
  [
    "a malformed hello",
    { ...bareMessage(MessageType.hello), body: Buffer.from("RLCL") },
    "ERR_HANDSHAKE_PEER",
    RejectCode.malformed,
  ],
  ["a call before anything else", bareMessage(MessageType.call), "ERR_HANDSHAKE_PEER", RejectCode.malformed],
  ["a proof before the hello", bareMessage(MessageType.proof), "ERR_HANDSHAKE_PEER", RejectCode.malformed],
  ["a welcome of its own", bareMessage(MessageType.welcome), "ERR_HANDSHAKE_PEER", RejectCode.malformed],
];

for (const [name, message, code, told] of wrongBeginnings) {
  void test(`a stranger with ${name} is told so and loses its connection`, async () => {
    const { network, near, far } = await pair();
    const { heard, closed } = byHand(near);
    const accepting = errorOf(accept(far));
    near.send(message);
    assert.equal((await accepting).code, code);
    await closed;
    assert.deepEqual(
      heard.map(({ type, aux }) => [type, aux]),
      [[MessageType.reject, told]],
    );
    assert.equal(network.openConnections, 0);
  });
}

void test("an acceptor that sends nonsense is refused by the dialler", async () => {
  for (const message of [
    bareMessage(MessageType.welcome),
    { ...bareMessage(MessageType.challenge), body: new Uint8Array(5) },
    {
      ...bareMessage(MessageType.challenge),
      body: Uint8Array.from({ length: 66 }, (_, at) => (at === 0 ? 9 : 0)),
    },
  ]) {
    const { network, near, far } = await pair();
    const { closed } = byHand(far);
    const dialling = errorOf(dial(near));
    far.send(message);
    assert.equal((await dialling).name, "HandshakeError");
    await closed;
    assert.equal(network.openConnections, 0);
  }
});

void test("a silent peer is given up at the limit, on either side", async () => {
  for (const side of [dial, accept]) {
    const { network, near, far } = await pair();
    const { closed } = byHand(far);
    const waiting = withTimeLimit(5, "no handshake", undefined, (signal) => side(near, { signal }));
    assert.match((await errorOf(waiting)).message, /no handshake within 5 ms/);
    await closed;
    assert.equal(network.openConnections, 0);
  }
});

void test("an aborted handshake rejects with the signal's reason and ends the connection", async () => {
  for (const side of [dial, accept]) {
    const reason = new Error("enough");
    const before = await pair();
    assert.equal(await errorOf(side(before.near, { signal: AbortSignal.abort(reason) })), reason);
    assert.equal(before.near.isOpen, false);
    const during = await pair();
    const controller = new AbortController();
    const waiting = errorOf(side(during.near, { signal: controller.signal }));
    controller.abort(reason);
    assert.equal(await waiting, reason);
    assert.equal(during.near.isOpen, false);
  }
});

void test("a connection that ends during the handshake says so", async () => {
  for (const side of [dial, accept]) {
    const { near, far } = await pair();
    const waiting = errorOf(side(near));
    far.destroy();
    assert.equal((await waiting).name, "ConnectionClosedError");
  }
});

void test("what comes between the welcome and the take-over is delivered then, in order and unchanged", async () => {
  const { near, far } = await pair();
  const accepting = accept(far);
  const dialler = await dial(near);
  const acceptor = await accepting;
  for (let id = 1; id <= 3; id++)
    dialler.connection.send({ ...bareMessage(MessageType.call, id), body: Uint8Array.of(id) });
  await delivered();
  const heard: Message[] = [];
  const end = deferred<Error | undefined>();
  acceptor.takeOver({
    message: (message) => heard.push(message),
    drained: () => {},
    closed: (reason) => end.resolve(reason),
  });
  near.send(bareMessage(MessageType.call, 4));
  near.end();
  assert.equal(await end.promise, undefined);
  assert.deepEqual(
    heard.map(({ id, body }) => [id, ...body]),
    [[1, 1], [2, 2], [3, 3], [4]],
  );
});

void test("messages and an end that came before the take-over are told once the take-over has returned", async () => {
  const { near, far } = await pair();
  const [, acceptor] = await Promise.all([dial(near), accept(far)]);
  near.send(bareMessage(MessageType.call, 1));
  near.end();
  await delivered();
  const events: unknown[] = [];
  acceptor.takeOver({
    message: ({ id }) => events.push(id),
    drained: () => {},
    closed: (reason) => events.push(["closed", reason]),
  });
  assert.deepEqual(events, [], "its caller may be in the middle of making the session");
  await delivered();
  assert.deepEqual(events, [1, ["closed", undefined]]);
});

void test("before the proof a peer cannot send much; afterwards the limits are those of its message size", async () => {
  const { near, far } = await pair();
  const accepting = errorOf(accept(far));
  byHand(near);
  near.send({ ...bareMessage(MessageType.hello), body: new Uint8Array(513) });
  const error = await accepting;
  assert.equal((error as { code?: string }).code, "ERR_FRAME_TOO_LARGE");
});
