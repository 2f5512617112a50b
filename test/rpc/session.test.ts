import assert from "node:assert/strict";
import { test } from "node:test";
import { CallInterruptedError, ConnectionClosedError, type SerializationError } from "#dist/errors.js";
import { Encoder } from "#dist/protocol/codec.js";
import { bareMessage, CallFlag, MessageType, type Message } from "#dist/protocol/message.js";
import { FailureKind } from "#dist/rpc/failure.js";
import { deferred } from "#dist/util/deferred.js";
import { FAR_PID, promiseOf, referenceTo, sessionPair, turns } from "./session-pair.js";

void test("a call gives the result of the function, awaited if need be", async () => {
  const pair = await sessionPair({
    functions: {
      add: (a: number, b: number) => a + b,
      later: async (text: string) => Promise.resolve(`${text}!`),
      nothing: () => {},
      thenable: () => ({ then: (resolve: (value: string) => void) => resolve("thenable") }),
      receiver: function (this: unknown) {
        return this === undefined;
      },
    },
  });
  assert.equal(await pair.call("add", 2, 3), 5);
  assert.equal(await pair.call("later", "yes"), "yes!");
  assert.equal(await pair.call("nothing"), undefined);
  assert.equal(await pair.call("thenable"), "thenable");
  assert.equal(await pair.call("receiver"), true);
  await pair.end();
});

void test("either end calls the other over the one connection", async () => {
  const pair = await sessionPair({ functions: { double: (value: number) => 2 * value } });
  const back = promiseOf((call) => pair.far.call(referenceTo("double"), [21], call));
  assert.deepEqual(await Promise.all([pair.call("double", 4), back]), [8, 42]);
  await pair.end();
});

void test("arguments and results are copies", async () => {
  const seen: unknown[] = [];
  const kept = { list: [1, 2] };
  const pair = await sessionPair({
    functions: {
      take: (value: object) => void seen.push(value),
      give: () => kept,
    },
  });
  const argument = { when: new Date(0), map: new Map([["a", 1]]) };
  await pair.call("take", argument);
  assert.deepEqual(seen[0], argument);
  assert.notEqual(seen[0], argument);
  const given = await pair.call("give");
  assert.deepEqual(given, kept);
  assert.notEqual(given, kept);
  await pair.end();
});

void test("calls begin in order; those that take their time do not hold up the ones behind them", async () => {
  const order: number[] = [];
  const gate = deferred<void>();
  const pair = await sessionPair({
    functions: {
      slow: async (n: number) => {
        if (n > 0) order.push(n);
        if (n > 0) await gate.promise;
        return n;
      },
      fast: (n: number) => {
        if (n > 0) order.push(n);
        return n;
      },
    },
  });
  // A function that is still being loaded holds up its own calls.
  await Promise.all([pair.call("slow", 0), pair.call("fast", 0)]);
  const calls = [pair.call("slow", 1), pair.call("fast", 2), pair.call("slow", 3), pair.call("fast", 4)];
  assert.deepEqual(await Promise.all([calls[1], calls[3]]), [2, 4]);
  assert.deepEqual(order, [1, 2, 3, 4]);
  assert.equal(pair.near.callsWaiting, 2);
  assert.equal(pair.far.callsServed, 2);
  gate.resolve();
  assert.deepEqual(await Promise.all(calls), [1, 2, 3, 4]);
  await pair.end();
});

class DiskFull extends Error {
  override readonly name = "DiskFull";
}

for (const fails of ["throws", "rejects"]) {
  void test(`what a function throws arrives with its name, message, stack and pid: one that ${fails}`, async () => {
    const fail = (): never => {
      throw new DiskFull("no room for 7 bytes");
    };
    const pair = await sessionPair({
      functions: { throws: fail, rejects: async () => Promise.resolve().then(fail) },
    });
    await assert.rejects(pair.call(fails), (error: Error & Record<string, unknown>) => {
      assert.equal(error.name, "RemoteError");
      assert.equal(error["code"], "ERR_REMOTE");
      assert.equal(error.message, `on worker ${FAR_PID}: DiskFull: no room for 7 bytes`);
      assert.equal(error["pid"], FAR_PID);
      assert.equal(error["remoteName"], "DiskFull");
      assert.match(String(error["remoteStack"]), /no room for 7 bytes\n\s+at /);
      assert.equal((error.cause as Error).message, "no room for 7 bytes");
      return true;
    });
    await pair.end();
  });
}

void test("anything may be thrown, also what cannot travel or cannot even be described", async () => {
  const odd: readonly [unknown, RegExp][] = [
    ["text", /string: text/],
    [undefined, /undefined: undefined/],
    [Object.assign(new Error("with a function"), { retry: () => {} }), /Error: with a function/],
    [
      {
        toString: () => {
          throw new Error("no");
        },
      },
      /cannot be turned into text/,
    ],
  ];
  const pair = await sessionPair({
    functions: {
      fail: (index: number) => {
        throw odd[index]![0];
      },
    },
  });
  for (const [index, [, message]] of odd.entries()) {
    await assert.rejects(pair.call("fail", index), { name: "RemoteError", message });
  }
  await pair.end();
});

void test("an unknown function is the failure of its own calls", async () => {
  const pair = await sessionPair({ functions: { known: () => 1 } });
  const outcomes = await Promise.allSettled([pair.call("unknown"), pair.call("known"), pair.call("unknown")]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["rejected", "fulfilled", "rejected"],
  );
  await assert.rejects(pair.call("unknown"), {
    name: "FunctionNotFoundError",
    message: `on worker ${FAR_PID}: there is no unknown`,
  });
  await pair.end();
});

void test("a call by a number that was never defined fails, and the connection lives on", async () => {
  const pair = await sessionPair({ functions: { known: () => 1 } });
  const answers: unknown[] = [];
  const { body } = new Encoder().encode([]);
  pair.nearConnection.send({ ...bareMessage(MessageType.call, 99, 12_345), body });
  pair.nearConnection.setHandlers({
    message: ({ type, id, aux }) => answers.push([type, id, aux]),
    drained: () => {},
    closed: () => {},
  });
  await turns();
  assert.deepEqual(answers, [[MessageType.failure, 99, FailureKind.functionNotFound]]);
  assert.ok(pair.far.isOpen);
  pair.near.abort();
});

void test("a call that says so waits for the definition of its function, and one after it was forgotten fails", async () => {
  const pair = await sessionPair({ functions: { known: (x: number) => x + 1 } });
  const answers: unknown[] = [];
  pair.nearConnection.setHandlers({
    message: ({ type, id, aux }) => answers.push([type, id, aux]),
    drained: () => {},
    closed: () => {},
  });
  const send = (message: Message, value: unknown): void => {
    const { body } = new Encoder().encode(value);
    pair.nearConnection.send({ ...message, body: body.slice() });
  };
  const early = { ...bareMessage(MessageType.call, 5, 77), flags: CallFlag.awaitDefinition };
  send(early, [1]);
  await turns();
  assert.deepEqual(answers, []);
  send(bareMessage(MessageType.defineFunction, 0, 77), referenceTo("known"));
  await turns();
  send(bareMessage(MessageType.call, 6, 77), [1]);
  pair.nearConnection.send(bareMessage(MessageType.defineFunction, 0, 77));
  send(bareMessage(MessageType.call, 7, 77), [1]);
  await turns();
  const byId = new Map(answers.map((answer) => [(answer as number[])[1], answer]));
  assert.deepEqual(byId.get(5), [MessageType.result, 5, 0]);
  assert.deepEqual(byId.get(6), [MessageType.result, 6, 0]);
  assert.deepEqual(byId.get(7), [MessageType.failure, 7, FailureKind.functionNotFound]);
  pair.near.abort();
});

void test("arguments that cannot travel fail before anything is sent", async () => {
  const pair = await sessionPair({ functions: { take: () => 1 } });
  await assert.rejects(pair.call("take", { callback: () => {} }), Error);
  const ids: number[] = [];
  await assert.rejects(
    promiseOf((call) => ids.push(pair.near.call(referenceTo("take"), [() => {}], call))),
    Error,
  );
  assert.deepEqual(ids, [-1]);
  assert.throws(() => pair.near.callAndForget(referenceTo("take"), [() => {}]), Error);
  assert.equal(pair.near.callsWaiting, 0);
  assert.equal(await pair.call("take"), 1);
  await pair.end();
});

void test("a result that cannot travel is the failure of its call", async () => {
  const pair = await sessionPair({ functions: { give: () => () => {}, fine: () => 1 } });
  await assert.rejects(pair.call("give"), {
    name: "SerializationError",
    code: "ERR_SERIALIZE",
    message: /on worker 7: result is a function/,
  });
  assert.equal(await pair.call("fine"), 1);
  await pair.end();
});

void test("arguments and results above the size limit are failures of their calls, which name the limit", async () => {
  const pair = await sessionPair({
    maxMessageBytes: 100_000,
    functions: { size: (text: string) => text.length, give: (size: number) => "x".repeat(size) },
  });
  await assert.rejects(pair.call("size", "x".repeat(200_000)), (error: SerializationError) => {
    assert.equal(error.code, "ERR_MESSAGE_TOO_LARGE");
    assert.match(error.message, /the limit is 100000.*maxMessageBytes/);
    return true;
  });
  await assert.rejects(pair.call("give", 200_000), {
    name: "SerializationError",
    message: /the limit is 100000.*maxMessageBytes/,
  });
  assert.equal(await pair.call("size", "x".repeat(1_000)), 1_000);
  pair.near.setMaxMessageBytes(1_000_000);
  pair.far.setMaxMessageBytes(1_000_000);
  assert.equal(await pair.call("size", "x".repeat(200_000)), 200_000);
  assert.equal(String(await pair.call("give", 200_000)).length, 200_000);
  await pair.end();
});

void test("a call that has not begun does not run once its caller has given up", async () => {
  const ran: number[] = [];
  const pair = await sessionPair({ functions: { note: (n: number) => ran.push(n) } });
  const outcomes: unknown[] = [];
  const ignored = {
    resolve: (value: unknown) => outcomes.push(value),
    reject: (error: unknown) => outcomes.push(error),
  };
  await pair.call("note", 0);
  const last = pair.call("note", 1);
  pair.near.abandon(pair.near.call(referenceTo("note"), [2], ignored));
  assert.equal(pair.near.callsWaiting, 1);
  await last;
  await turns();
  assert.deepEqual(ran, [0, 1]);
  assert.deepEqual(outcomes, [], "an abandoned call is told nothing");
  await pair.end();
});

void test("nor does one whose function is still being loaded", async () => {
  const ran: number[] = [];
  const loading = deferred<void>();
  const pair = await sessionPair({
    loading: loading.promise,
    functions: { note: (n: number) => ran.push(n) },
  });
  const first = pair.call("note", 1);
  const abandoned = pair.near.call(referenceTo("note"), [2], { resolve: () => {}, reject: () => {} });
  await turns();
  pair.near.abandon(abandoned);
  await turns();
  loading.resolve();
  await first;
  await turns();
  assert.deepEqual(ran, [1]);
  await pair.end();
});

void test("a call that runs when its caller gives up runs on; its late result reaches nobody", async () => {
  const gate = deferred<string>();
  const begun = deferred<void>();
  const pair = await sessionPair({
    functions: {
      wait: () => {
        begun.resolve();
        return gate.promise;
      },
      next: () => "next",
    },
  });
  const outcomes: unknown[] = [];
  const id = pair.near.call(referenceTo("wait"), [], {
    resolve: (value) => outcomes.push(value),
    reject: (error) => outcomes.push(error),
  });
  await begun.promise;
  pair.near.abandon(id);
  gate.resolve("late");
  assert.equal(await pair.call("next"), "next");
  await turns();
  assert.deepEqual(outcomes, []);
  await pair.end();
});

void test("a result that is to be kept stays with the peer, under the name that the caller gave it", async () => {
  const begun = deferred<void>();
  const pair = await sessionPair({
    functions: {
      make: async (n: number) => {
        await begun.promise;
        return { n };
      },
      fail: () => {
        throw new TypeError("bad");
      },
    },
  });
  const keep = (name: string, args: unknown[], number: number): Promise<unknown> =>
    promiseOf((call) => pair.near.callAndKeep(referenceTo(name), args, [3, number], call));
  const made = keep("make", [1], 5);
  await turns();
  assert.deepEqual([...pair.kept], [["3.5", undefined]], "it is known before it is there");
  begun.resolve();
  assert.equal(await made, undefined);
  assert.deepEqual(pair.kept.get("3.5"), { value: { n: 1 } });
  await assert.rejects(keep("fail", [], 6), { name: "RemoteError", message: /TypeError: bad/ });
  assert.deepEqual(pair.kept.get("3.6"), { error: new TypeError("bad") });
  await pair.end();
});

void test("a call whose result is to be kept and that never begins gives an error to those who wait for it", async () => {
  const pair = await sessionPair({ loading: new Promise(() => {}), functions: { make: () => 1 } });
  const kept = promiseOf((call) => pair.near.callAndKeep(referenceTo("make"), [], [1, 1], call));
  kept.catch(() => {});
  await turns();
  pair.near.fail(new ConnectionClosedError("gone"));
  await turns();
  const outcome = pair.kept.get("1.1");
  assert.ok(outcome !== undefined && "error" in outcome);
  assert.match(String(outcome.error), /did not begin: its caller is gone/);
});

void test("a call that nobody waits for runs once and is not answered", async () => {
  const ran: string[] = [];
  const pair = await sessionPair({ functions: { note: (text: string) => ran.push(text) } });
  pair.near.callAndForget(referenceTo("note"), ["a"]);
  pair.near.callAndForget(referenceTo("note"), ["b"]);
  assert.equal(pair.near.callsWaiting, 0);
  await turns();
  assert.deepEqual(ran, ["a", "b"]);
  await pair.end();
});

void test("what fails with nobody waiting is written to the worker's stderr", async (context) => {
  const written: string[] = [];
  context.mock.method(process.stderr, "write", (text: string) => written.push(text) > 0);
  const pair = await sessionPair({
    functions: {
      fail: () => {
        throw new Error("unheard");
      },
    },
  });
  pair.near.callAndForget(referenceTo("fail"), []);
  pair.near.callAndForget(referenceTo("missing"), []);
  await turns();
  context.mock.restoreAll();
  assert.match(written.join(""), /remoteDo failed: .*unheard[\s\S]*remoteDo failed: .*there is no missing/);
  await pair.end();
});

void test("what fails with nobody waiting because its process ends the session is not written", async (context) => {
  const written: string[] = [];
  context.mock.method(process.stderr, "write", (text: string) => written.push(text) > 0);
  const leaving = deferred<void>();
  const pair = await sessionPair({ functions: { wait: () => leaving.promise } });
  pair.near.callAndForget(referenceTo("wait"), []);
  await turns();
  pair.far.end();
  leaving.reject(new Error("the worker is leaving"));
  await turns();
  context.mock.restoreAll();
  assert.deepEqual(written, []);
  await pair.end();
});

void test("when the connection is lost every call that waits fails with the reason that its owner gives, once", async () => {
  const pair = await sessionPair({ functions: { wait: () => new Promise(() => {}) } });
  const waiting = [pair.call("wait"), pair.call("wait"), pair.call("wait")];
  const settled = Promise.allSettled(waiting);
  pair.network.cut();
  await turns();
  assert.equal(pair.told.near.length, 1);
  assert.equal(pair.told.far.length, 1);
  assert.equal(pair.near.callsWaiting, 3, "they wait until it is known why");
  const why = new ConnectionClosedError("the worker died");
  pair.near.fail(why);
  pair.near.fail(new Error("another reason"));
  for (const outcome of await settled) assert.deepEqual(outcome, { status: "rejected", reason: why });
  assert.equal(pair.near.callsWaiting, 0);
  await assert.rejects(pair.call("wait"), why);
  assert.throws(() => pair.near.callAndForget(referenceTo("wait"), []), why);
  pair.far.fail(why);
  assert.equal(pair.network.openConnections, 0);
  assert.equal(pair.told.near.length + pair.told.far.length, 2, "each end is told of it once");
});

void test("an end in good order has no reason", async () => {
  const pair = await sessionPair();
  pair.near.end();
  await turns();
  assert.deepEqual(pair.told, { near: [["closed", undefined]], far: [["closed", undefined]] });
});

void test("other messages go to the owner, with their value; unknown ones may be empty", async () => {
  const pair = await sessionPair({ functions: { known: () => 1 } });
  pair.near.post(MessageType.join, { pid: 3 });
  pair.nearConnection.send(bareMessage(250 as MessageType));
  await turns();
  assert.deepEqual(pair.told.far, [
    [MessageType.join, { pid: 3 }],
    [250, undefined],
  ]);
  assert.equal(await pair.call("known"), 1);
  await pair.end();
});

void test("answers to calls that nobody made, and orders about what is not there, change nothing", async () => {
  const pair = await sessionPair({ functions: { known: () => 1 } });
  for (const type of [MessageType.result, MessageType.failure, MessageType.cancel, MessageType.release])
    pair.farConnection.send(bareMessage(type, 4_000_000_000, 5));
  await turns();
  assert.equal(await pair.call("known"), 1);
  await pair.end();
});

void test("a function is defined once for each connection, however often it is called", async () => {
  const pair = await sessionPair({ functions: { known: () => 1 } });
  const types: number[] = [];
  const send = pair.nearConnection.send.bind(pair.nearConnection);
  pair.nearConnection.send = (message) => {
    types.push(message.type);
    return send(message);
  };
  await Promise.all([pair.call("known"), pair.call("known")]);
  await pair.call("known");
  assert.deepEqual(types, [MessageType.defineFunction, MessageType.call, MessageType.call, MessageType.call]);
  await pair.end();
});

void test("long work is done in slices, so that a cancel is heard in between", async () => {
  const ran: number[] = [];
  const pair = await sessionPair({
    functions: {
      work: (n: number) => {
        const end = performance.now() + 3;
        while (performance.now() < end);
        ran.push(n);
      },
    },
  });
  await pair.call("work", -1);
  const calls = Array.from({ length: 29 }, (_, n) => pair.call("work", n));
  const last = pair.near.call(referenceTo("work"), [29], { resolve: () => {}, reject: () => {} });
  void calls[0]!.then(() => pair.near.abandon(last));
  await Promise.all(calls);
  await turns();
  assert.ok(!ran.includes(29));
  assert.equal(ran.length, 30);
  await pair.end();
});

void test("more calls than can wait make the peer stop reading, and then its caller wait for room", async () => {
  const pair = await sessionPair({ functions: { echo: (n: number) => n } });
  let pauses = 0;
  const pause = pair.farConnection.pause.bind(pair.farConnection);
  pair.farConnection.pause = () => {
    pauses++;
    pause();
  };
  let waits = 0;
  let sum = 0;
  const calls: Promise<unknown>[] = [];
  for (let n = 0; n < 40_000; n++) {
    if (!pair.near.hasRoom) {
      waits++;
      await pair.near.room();
    }
    calls.push(pair.call("echo", n));
  }
  for (const value of await Promise.all(calls)) sum += value as number;
  assert.equal(sum, (40_000 * 39_999) / 2);
  assert.ok(pauses > 0, "the callee paused");
  assert.ok(waits > 0, "the caller waited");
  await pair.end();
});

void test("whoever waits for room goes on when the session ends", async () => {
  const pair = await sessionPair();
  pair.farConnection.pause();
  while (pair.near.hasRoom) pair.near.callAndForget(referenceTo("note"), []);
  const room = pair.near.room();
  pair.near.abort();
  await room;
  await pair.near.room();
});

void test("what came with a call that was interrupted before it began is let go", async () => {
  const loading = deferred<void>();
  const arriving = [{}];
  const pair = await sessionPair({ functions: { use: () => {} }, loading: loading.promise, arriving });
  const call = pair.call("use", 1);
  await turns();
  pair.far.interruptAll();
  await assert.rejects(call, CallInterruptedError);
  assert.deepEqual(pair.dropped, [arriving]);
  loading.resolve();
  await turns();
  await pair.end();
});
