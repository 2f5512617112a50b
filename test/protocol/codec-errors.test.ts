import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { SerializationError } from "#dist/errors.js";
import { shareErrorClass } from "#dist/protocol/error-classes.js";
import { roundTrip } from "./round-trip.js";

const builtIn = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];

test("every built-in class of error arrives as that class, with message and stack", () => {
  for (const type of builtIn) {
    const error = new type("what went wrong");
    const arrived = roundTrip(error) as Error;
    assert.equal(Object.getPrototypeOf(arrived), type.prototype);
    assert.equal(arrived.name, error.name);
    assert.equal(arrived.message, "what went wrong");
    assert.equal(arrived.stack, error.stack);
    assert.deepStrictEqual(Object.keys(arrived), []);
  }
});

test("causes travel, however many, and so do falsy ones", () => {
  const error = new Error("a", { cause: new TypeError("b", { cause: undefined }) });
  const arrived = roundTrip(error) as Error & { cause: Error };
  assert(arrived.cause instanceof TypeError);
  assert(Object.hasOwn(arrived.cause, "cause"));
  assert.equal(arrived.cause.cause, undefined);
  assert(!Object.hasOwn(roundTrip(new Error("no cause")) as Error, "cause"));
});

test("an aggregate error keeps its errors", () => {
  const arrived = roundTrip(new AggregateError([new RangeError("one"), 2], "both")) as AggregateError;
  assert(arrived instanceof AggregateError);
  assert.equal(arrived.message, "both");
  assert(arrived.errors[0] instanceof RangeError);
  assert.equal(arrived.errors[1], 2);
});

test("a DOMException keeps name, message, code and stack", () => {
  const error = new DOMException("gave up", "AbortError");
  const arrived = roundTrip(error) as DOMException;
  assert(arrived instanceof DOMException);
  assert.equal(arrived.name, "AbortError");
  assert.equal(arrived.message, "gave up");
  assert.equal(arrived.code, DOMException.ABORT_ERR);
  assert.equal(arrived.stack, error.stack);
});

test("the reason of an aborted signal arrives as it is", () => {
  const { reason } = AbortSignal.abort() as { reason: DOMException };
  assert.equal((roundTrip(reason) as DOMException).name, "AbortError");
});

test("a class that only the sender has arrives as the nearest built-in one, with name and properties", () => {
  class HttpError extends TypeError {
    override readonly name = "HttpError";
    constructor(
      readonly status: number,
      readonly headers: Map<string, string>,
    ) {
      super(`status ${status}`);
    }
    get secret(): string {
      return "computed";
    }
  }
  const arrived = roundTrip(new HttpError(503, new Map([["a", "b"]]))) as HttpError;
  assert(arrived instanceof TypeError);
  assert.equal(arrived.name, "HttpError");
  assert.equal(String(arrived), "HttpError: status 503");
  assert.equal(arrived.status, 503);
  assert.deepStrictEqual(arrived.headers, new Map([["a", "b"]]));
  assert.deepStrictEqual(Object.keys(arrived), ["status", "headers"]);
});

test("errors of Rollcall's own keep name, code and path", () => {
  const error = new SerializationError("ERR_SERIALIZE", "no way", "args[0]");
  const arrived = roundTrip(error) as SerializationError;
  assert.equal(arrived.name, "SerializationError");
  assert.equal(arrived.code, "ERR_SERIALIZE");
  assert.equal(arrived.path, "args[0]");
});

test("an error of another realm arrives as one of this realm", () => {
  const foreign: unknown = runInNewContext("new RangeError('elsewhere')");
  assert(roundTrip(foreign) instanceof RangeError);
});

test("what cannot travel of an error is left out, and the rest arrives", () => {
  const shared = { kept: true };
  const error = new Error("request failed", { cause: () => "a function" });
  Object.assign(error, {
    code: "ECONNRESET",
    request: { list: [shared, new Uint8Array(10_000)], socket: { onClose: () => undefined } },
    after: [shared, shared, new Uint8Array(9_000)],
  });
  const arrived = roundTrip([error, shared]) as [Error & { code: string; after: object[] }, object];
  assert.equal(arrived[0].message, "request failed");
  assert.equal(arrived[0].code, "ECONNRESET");
  assert.deepStrictEqual(Object.keys(arrived[0]), ["code", "after"]);
  assert(!Object.hasOwn(arrived[0], "cause"));
  assert.deepStrictEqual(arrived[0].after, [shared, shared, new Uint8Array(9_000)]);
  assert.equal(arrived[0].after[0], arrived[1]);
});

test("leaving something out of an error keeps references right also among many objects", () => {
  const many = Array.from({ length: 50 }, (_, index) => ({ index }));
  const error = Object.assign(new Error("x"), { bad: [...many, () => undefined], good: many });
  const arrived = roundTrip([many[3], error, many[3]]) as [object, Error & { good: object[] }, object];
  assert.equal(arrived[0], arrived[2]);
  assert.equal(arrived[1].good[3], arrived[0]);
  assert.deepStrictEqual(arrived[1].good, many);
});

test("accessors of an error are not called", () => {
  const error = Object.defineProperty(new Error("x"), "live", {
    enumerable: true,
    get: () => assert.fail("called"),
  });
  assert(!("live" in (roundTrip(error) as Error)));
});

test("an error of a class that both sides share arrives as that class, with its fields and methods", () => {
  class OutOfStock extends RangeError {
    override readonly name = "OutOfStock";
    constructor(readonly article: string) {
      super(`no ${article} is left`);
    }
    get advice(): string {
      return `order ${this.article}`;
    }
  }
  shareErrorClass(OutOfStock);
  const error = new Error("outer", { cause: new OutOfStock("salt") });
  const { cause } = roundTrip(error) as { cause: OutOfStock };
  assert(cause instanceof OutOfStock);
  assert(cause instanceof RangeError);
  assert.equal(cause.message, "no salt is left");
  assert.equal(cause.advice, "order salt");
  class Spoiled extends OutOfStock {}
  assert.equal(
    Object.getPrototypeOf(roundTrip(new Spoiled("milk"))),
    RangeError.prototype,
    "its subclass is not shared",
  );
});

test("two classes of one name are told apart by the name that they are given", () => {
  const one = { Failure: class Failure extends Error {} }.Failure;
  const other = {
    Failure: class Failure extends Error {
      readonly isOther = true;
    },
  }.Failure;
  shareErrorClass(one);
  shareErrorClass(one);
  assert.throws(() => shareErrorClass(other), /another class is known as Failure; give this one a name/);
  shareErrorClass(other, "other/Failure");
  assert(roundTrip(new one("a")) instanceof one);
  assert(roundTrip(new other("b")) instanceof other);
});

test("what is no class of errors of one's own cannot be shared", () => {
  for (const wrong of [undefined, {}, Map, SerializationError]) {
    assert.throws(() => shareErrorClass(wrong as never), { name: "TypeError", message: /class of your own/ });
  }
  assert.throws(() => shareErrorClass(class extends Error {}), /has no name/);
});
