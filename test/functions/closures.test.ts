import assert from "node:assert/strict";
import { Socket } from "node:net";
import { test } from "node:test";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { FunctionFinder } from "#dist/functions/function-finder.js";
import { FunctionLoader } from "#dist/functions/function-loader.js";
import { isByValue, type FunctionByValue } from "#dist/functions/function-reference.js";
import { Decoder, Encoder } from "#dist/protocol/codec.js";
import { makeSamples } from "./fixtures/closures.js";

const samples = makeSamples();
const projectRoot = join(dirname(fileURLToPath(import.meta.url)), "fixtures");
const finder = new FunctionFinder({ projectRoot });
const loader = new FunctionLoader({ projectRoot });

async function capture(fn: Function): Promise<FunctionByValue> {
  const reference = await finder.find(fn);
  assert.ok(isByValue(reference), `${reference.name} travels by name`);
  return reference;
}

/** The function as another process builds it, from bytes. */
async function revive(fn: Function): Promise<Function> {
  const { body, segments } = new Encoder().encode(await capture(fn));
  const copied = segments.map((segment) => new Uint8Array(segment));
  return loader.load(new Decoder().decode(body, copied) as FunctionByValue);
}

async function refusal(fn: Function): Promise<string> {
  const error: unknown = await finder.find(fn).then(
    () => assert.fail("it was not refused"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Error);
  // Where it stands is told in parentheses.
  return error.message.replace(/\(\S*closures\.test\.js:\d+\)/, "(here)");
}

for (const [name, { fn, args, result }] of Object.entries(samples)) {
  void test(`by value: ${name}`, async () => {
    assert.deepEqual(await (await revive(fn))(...args), result);
  });
}

void test("a function keeps its name and its text", async () => {
  const scale = 2;
  const named = (x: number): number => x * scale;
  const built = await revive(named);
  assert.equal(built.name, "named");
  assert.equal(String(built), String(named));
  assert.notEqual(built, named);
});

void test("it can be sent on from where it was built", async () => {
  const scale = 2;
  const built = await revive((x: number) => x * scale);
  assert.equal((await revive(built))(3), 6);
});

void test("captured variables are read when the call is made", async () => {
  let n = 0;
  const searches: Promise<FunctionByValue>[] = [];
  while (n < 3) {
    searches.push(capture(() => n));
    n += 1;
  }
  const built = await Promise.all((await Promise.all(searches)).map((reference) => loader.load(reference)));
  assert.deepEqual(
    built.map((fn) => fn()),
    [0, 1, 2],
  );
});

void test("functions that capture the same object share its copy", async () => {
  const box = { value: 1 };
  const increase = (): number => (box.value += 1);
  const built = await revive(() => [increase(), box.value]);
  assert.deepEqual(built(), [2, 2]);
  assert.equal(box.value, 1);
});

void test("a reference that is loaded again gives the same function, with its state", async () => {
  let count = 0;
  const reference = await capture(() => (count += 1));
  assert.equal((await loader.load(reference))(), 1);
  assert.equal((await loader.load(reference))(), 2);
  assert.equal(count, 0);
});

void test("a stack trace names the function, and its file and line", async () => {
  function fails(): never {
    throw new Error("thrown by value");
  }
  const here = /closures\.test\.js:(\d+):(\d+)/;
  const original = here.exec(stackOf(fails));
  const built = here.exec(stackOf(await revive(fails)));
  assert.ok(original !== null && built !== null);
  assert.deepEqual(built.slice(), original.slice());
});

function stackOf(fn: Function): string {
  try {
    fn();
  } catch (error) {
    return (error as Error).stack?.split("\n")[1] ?? "";
  }
  return assert.fail("it did not throw");
}

void test("what belongs to the code around a function is refused, by its name", async () => {
  class Base {
    describe(): string {
      return "base";
    }
  }
  class Account extends Base {
    #balance = 1;
    readonly usesThis = () => this.usesSuper;
    readonly usesSuper = () => super.describe();
    readonly usesPrivate = (other: Account) => other.#balance;
    static usesArguments(this: void, ..._all: number[]): () => number {
      return () => arguments.length;
    }
  }
  function makeUsesNewTarget(): () => unknown {
    return () => new.target;
  }
  const account = new Account();
  const expected = new Map<Function, string>([
    [account.usesThis, "this"],
    [account.usesSuper, "super"],
    [account.usesPrivate, "#balance"],
    [Account.usesArguments(1), "arguments"],
    [makeUsesNewTarget(), "new.target"],
  ]);
  for (const [fn, construct] of expected) {
    assert.match(
      await refusal(fn),
      new RegExp(`\\(here\\) uses ${construct} of the code around it, which cannot travel`),
    );
  }
});

void test("a captured variable that cannot travel is refused by its name, with the way out", async () => {
  const socket = new Socket();
  const settings = { log: { target: socket } };
  const bound = Math.max.bind(null, 1);
  const table = { bound };
  const useBound = (): number => bound();
  const pending = Promise.resolve(1);
  assert.equal(
    await refusal(() => socket.destroyed),
    'captured variable "socket" of `() => socket.destroyed` (here) is a Socket, which holds more than data and lives ' +
      "in this process alone; send the data it holds",
  );
  assert.match(
    await refusal(() => settings),
    /^captured variable "settings" of `\(\) => settings` \(here\)\.log\.target is a Socket/,
  );
  assert.match(await refusal(() => pending), /^captured variable "pending" .* is a Promise; await it/);
  assert.match(
    await refusal(() => bound()),
    /^captured variable "bound" of .* is a bound, native or proxied function .* use a function that calls it/,
  );
  assert.match(
    await refusal(() => useBound()),
    /^captured variable "bound" of function useBound \(here\) is a bound/,
  );
  assert.match(await refusal(() => table), /^captured variable "table" of .*\.bound is a bound/);
});

void test("a module that is not where the function is built is an error that names it", async (context) => {
  const reference = await capture(samples["imports of another module, renamed and as a namespace"]!.fn);
  const { temporaryProject } = await import("./temporary-project.js");
  const elsewhere = new FunctionLoader({ projectRoot: temporaryProject(context, {}) });
  await assert.rejects(elsewhere.load(reference), {
    code: "ERR_FUNCTION_NOT_FOUND",
    message: /^function .* \(closures\.js:\d+\) needs \.\/work\.js, which could not be loaded on this worker/,
  });
});

void test("a function and a class are not read as each other, whatever they are called", async () => {
  const name = "class";
  const odd: Record<string, (x: number) => number> = {
    [name](x) {
      return x + name.length;
    },
  };
  assert.ok(odd[name]);
  assert.equal((await revive(odd[name]))(1), 6);
  const getter: unknown = Reflect.get(
    Object.getOwnPropertyDescriptor(
      {
        get value() {
          return name.length;
        },
      },
      "value",
    ) ?? {},
    "get",
  );
  assert.ok(typeof getter === "function");
  assert.equal((await revive(getter))(), 5);
});
