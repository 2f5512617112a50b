import assert from "node:assert/strict";
import { test } from "node:test";
import {
  chooseVersion,
  ConnectionPurpose,
  decodeChallenge,
  decodeHello,
  deriveKey,
  encodeChallenge,
  encodeHello,
  isProof,
  keyIdOf,
  PROTOCOL_VERSIONS,
  prove,
  transcript,
  type Hello,
} from "#dist/protocol/handshake.js";
import { unauthenticatedLimits } from "#dist/protocol/limits.js";

const secret = new Uint8Array(32).fill(1);
const otherSecret = new Uint8Array(32).fill(2);
const hello: Hello = {
  oldest: 1,
  newest: 3,
  purpose: ConnectionPurpose.report,
  keyId: "token-1",
  nonce: new Uint8Array(32).fill(3),
};
const challenge = { version: 1, nonce: new Uint8Array(32).fill(4) };
const said = transcript(hello, challenge);

void test("a hello comes back as it was, with key ids of 1 and 64 characters, and fits a stranger's frame", () => {
  for (const keyId of ["k", "x".repeat(64)]) {
    const bytes = encodeHello({ ...hello, keyId });
    assert.deepEqual(decodeHello(bytes), { ...hello, keyId });
    assert.ok(bytes.length <= unauthenticatedLimits.maxFrame);
  }
});

void test("a hello that was read survives the memory it was read from", () => {
  const bytes = encodeHello(hello);
  const decoded = decodeHello(bytes);
  bytes.fill(0xee);
  assert.deepEqual(decoded, hello);
});

function changed(change: (bytes: Buffer) => Uint8Array | void): Uint8Array {
  const bytes = Buffer.from(encodeHello(hello));
  return change(bytes) ?? bytes;
}

const badHellos: readonly [name: string, bytes: Uint8Array, message: RegExp][] = [
  ["nothing", new Uint8Array(0), /does not speak Rollcall/],
  [
    "another protocol",
    Buffer.from("GET / HTTP/1.1\r\nHost: localhost:12345\r\nAccept: */*\r\n"),
    /does not speak Rollcall/,
  ],
  ["one byte too few", changed((bytes) => bytes.subarray(0, -1)), /malformed hello/],
  ["one byte too many", changed((bytes) => Buffer.concat([bytes, Buffer.of(0)])), /malformed hello/],
  [
    "no key id",
    changed((bytes) => {
      bytes[9] = 0;
      return bytes.subarray(0, 42);
    }),
    /malformed hello/,
  ],
  ["a key id of 65", encodeHello({ ...hello, keyId: "x".repeat(65) }), /malformed hello/],
  [
    "an unknown purpose",
    changed((bytes) => {
      bytes[8] = 99;
    }),
    /unknown purpose 99/,
  ],
];

for (const [name, bytes, message] of badHellos) {
  void test(`a hello with ${name} is refused`, () => {
    assert.throws(() => decodeHello(bytes), { name: "HandshakeError", code: "ERR_HANDSHAKE_PEER", message });
  });
}

void test("every prefix of a hello is refused", () => {
  const bytes = encodeHello(hello);
  for (let length = 0; length < bytes.length; length++)
    assert.throws(() => decodeHello(bytes.subarray(0, length)), { code: "ERR_HANDSHAKE_PEER" });
});

const { oldest, newest } = PROTOCOL_VERSIONS;
const versions: readonly [range: readonly [number, number], chosen: number | undefined][] = [
  [[oldest, newest], newest],
  [[oldest, newest + 5], newest],
  [[newest, newest], newest],
  [[0, oldest], oldest],
  [[newest + 1, newest + 5], undefined],
  [[0, oldest - 1], undefined],
  [[newest, oldest - 1], undefined],
  [[0, 0], undefined],
];

for (const [[from, to], chosen] of versions) {
  void test(`a peer of versions ${from} to ${to} ${chosen === undefined ? "is refused" : `is spoken to in ${chosen}`}`, () => {
    const choose = (): number => chooseVersion({ oldest: from, newest: to });
    if (chosen !== undefined) assert.equal(choose(), chosen);
    else {
      assert.throws(choose, {
        code: "ERR_HANDSHAKE_VERSION",
        message: new RegExp(`versions ${from} to ${to}, this one ${oldest} to ${newest}`),
      });
    }
  });
}

void test("a challenge comes back as it was; any other length is refused", () => {
  const whole = { ...challenge, version: 0x1234, proof: prove(secret, "acceptor", said) };
  const bytes = encodeChallenge(whole);
  const decoded = decodeChallenge(bytes);
  assert.equal(decoded.version, whole.version);
  assert.deepEqual(Buffer.from(decoded.nonce), Buffer.from(whole.nonce));
  assert.deepEqual(Buffer.from(decoded.proof), Buffer.from(whole.proof));
  for (const wrong of [bytes.subarray(1), Buffer.concat([bytes, Buffer.of(0)]), new Uint8Array(0)])
    assert.throws(() => decodeChallenge(wrong), {
      code: "ERR_HANDSHAKE_PEER",
      message: /malformed challenge/,
    });
});

void test("a proof holds for its secret, side and transcript, and for no other", () => {
  const proof = prove(secret, "dialler", said);
  assert.ok(isProof(secret, "dialler", said, proof));
  assert.ok(!isProof(otherSecret, "dialler", said, proof), "another secret");
  assert.ok(!isProof(secret, "acceptor", said, proof), "reflected: the other side's proof is another");
  const wrongs: readonly [string, Uint8Array][] = [
    ["the dialler's nonce", transcript({ ...hello, nonce: challenge.nonce }, challenge)],
    ["the acceptor's nonce, as in a replay", transcript(hello, { ...challenge, nonce: hello.nonce })],
    ["the purpose", transcript({ ...hello, purpose: ConnectionPurpose.control }, challenge)],
    ["the key id", transcript({ ...hello, keyId: "token-2" }, challenge)],
    ["the version, as in a downgrade", transcript(hello, { ...challenge, version: 2 })],
    ["the offered versions", transcript({ ...hello, newest: 1 }, challenge)],
  ];
  for (const [name, other] of wrongs) assert.ok(!isProof(secret, "dialler", other, proof), name);
});

void test("a proof with a bit turned, cut short or empty does not hold", () => {
  const proof = prove(secret, "dialler", said);
  for (let bit = 0; bit < proof.length * 8; bit++) {
    const wrong = Uint8Array.from(proof);
    wrong[bit >> 3]! ^= 1 << (bit & 7);
    assert.ok(!isProof(secret, "dialler", said, wrong), `bit ${bit}`);
  }
  for (const wrong of [proof.subarray(1), Buffer.concat([proof, Buffer.of(0)]), new Uint8Array(0)])
    assert.ok(!isProof(secret, "dialler", said, wrong));
});

void test("the derived key is no proof, differs for each connection, and its id does not hold it", () => {
  const key = Buffer.from(deriveKey(secret, said));
  assert.equal(key.length, 32);
  assert.ok(!isProof(secret, "dialler", said, key) && !isProof(secret, "acceptor", said, key));
  const other = transcript(hello, { ...challenge, nonce: new Uint8Array(32).fill(5) });
  assert.notDeepEqual(key, Buffer.from(deriveKey(secret, other)));
  assert.match(keyIdOf(key), /^[0-9a-f]{32}$/);
  assert.ok(!key.toString("hex").includes(keyIdOf(key)));
  assert.notEqual(keyIdOf(key), keyIdOf(secret));
});
