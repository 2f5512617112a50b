import assert from "node:assert/strict";
import { test } from "node:test";
import { readOptions, UsageError } from "../../demo/options.js";

void test("without arguments four ECS workers do 64 starts with seed 1", () => {
  assert.deepEqual(readOptions([]), {
    kind: "run",
    options: {
      workers: 4,
      work: { starts: 64 },
      manager: "ecs",
      fleet: false,
      seed: 1,
      json: false,
      output: "demo-output",
    },
  });
});

void test("every option is read", () => {
  const args = "--workers 2 --seconds 1.5 --manager local --seed 4294967295 --json --output out".split(" ");
  assert.deepEqual(readOptions(args), {
    kind: "run",
    options: {
      workers: 2,
      work: { seconds: 1.5 },
      manager: "local",
      fleet: false,
      seed: 4_294_967_295,
      json: true,
      output: "out",
    },
  });
});

void test("--help names every option", () => {
  const request = readOptions(["--help"]);
  assert.ok(request.kind === "help");
  for (const option of ["workers", "starts", "seconds", "manager", "fleet", "seed", "json", "output"]) {
    assert.match(request.text, new RegExp(`--${option}\\b`));
  }
});

const refused: [string, RegExp][] = [
  ["--workers 0", /'--workers <n>' argument '0' is invalid.*from 1 to 64/s],
  ["--workers 65", /from 1 to 64/],
  ["--workers 2.5", /'2\.5'.*whole number/s],
  ["--workers -1", /'-1' is invalid/],
  ["--workers", /argument missing/],
  ["--starts 0", /whole number from 1/],
  ["--starts 1e3", /whole number/],
  ["--seconds 0", /above 0/],
  ["--seconds soon", /number of seconds/],
  ["--seconds 5 --starts 5", /cannot be used with/],
  ["--manager docker", /Allowed choices are ecs, local/],
  ["--seed -1", /whole number from 0/],
  ["--seed 4294967296", /to 4294967295/],
  ["--output=", /must name a folder/],
  ["--speed 5", /unknown option '--speed'/],
  ["fast", /too many arguments/],
];

for (const [args, message] of refused) {
  void test(`"${args}" is refused with the reason`, () => {
    assert.throws(
      () => readOptions(args.split(" ")),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  });
}
