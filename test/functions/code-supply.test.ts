import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { CodeSupply } from "#dist/functions/code/code-supply.js";
import type { CodeBundle, CodeMessage, CodeSource, CodeUnit } from "#dist/protocol/code-messages.js";
import { temporaryProject } from "./temporary-project.js";

const MiB = 1024 * 1024;
const work = { module: "work.js", export: "work", name: "work" };

function supply(
  context: TestContext,
  files: Readonly<Record<string, string>>,
  source: CodeSource = "auto",
): CodeSupply {
  const root = temporaryProject(context, files);
  return new CodeSupply({ root, source, external: ["sharp"], maxMessageBytes: 4 * MiB });
}

function answerIn(message: CodeMessage): unknown {
  assert.ok("answer" in message, JSON.stringify(message));
  return message.answer;
}

void test("functions with the same imports need the same unit, and others another one", (context) => {
  const code = supply(context, { "work.js": "export const work = () => 1;", "other.js": "" });
  const unit = code.unitFor(work);
  assert.equal(code.unitFor({ ...work, export: "more" }), unit);
  assert.notEqual(code.unitFor({ ...work, module: "other.js" }), unit);
  assert.equal(code.unitFor({ module: "node:os", export: "hostname", name: "hostname" }), undefined);
});

void test("a bundle is made once for all workers", async (context) => {
  const code = supply(context, { "work.js": "export const work = () => 1;" });
  const unit = code.unitFor(work)!;
  const ask = (request: number): Promise<CodeMessage> => code.answer({ request, kind: "bundle", unit });
  const [one, other] = await Promise.all([ask(1), ask(2)]);
  const bundle = answerIn(one) as CodeBundle;
  assert.equal(answerIn(other), bundle);
  assert.deepEqual([one.request, other.request], [1, 2]);
  assert.deepEqual(
    bundle.files.map(({ module }) => module),
    ["work.js", "package.json"],
  );
  assert.deepEqual(bundle.external, ["sharp"]);
});

void test("contents come in parts that fit into a message", async (context) => {
  const big = `export const text = "${"x".repeat(1.5 * MiB)}";`;
  const code = supply(context, {
    "work.js": `export * from "./a.js"; export * from "./b.js";`,
    "a.js": big,
    "b.js": big + ";",
  });
  const bundle = answerIn(
    await code.answer({ request: 1, kind: "bundle", unit: code.unitFor(work)! }),
  ) as CodeBundle;
  let open = bundle.files.map(({ hash }) => hash);
  const parts: number[] = [];
  while (open.length > 0) {
    const contents = answerIn(
      await code.answer({ request: 2, kind: "contents", hashes: open }),
    ) as Uint8Array[];
    parts.push(contents.length);
    open = open.slice(contents.length);
  }
  assert.ok(parts.length > 1 && parts.every((count) => count > 0), String(parts));
});

void test("a file above the limit of a message is refused, and so is what nobody knows", async (context) => {
  const code = supply(context, { "work.js": `export const text = "${"x".repeat(5 * MiB)}";` });
  const bundle = answerIn(
    await code.answer({ request: 1, kind: "bundle", unit: code.unitFor(work)! }),
  ) as CodeBundle;
  const hashes = [bundle.files[0]!.hash];
  assert.match(
    JSON.stringify(await code.answer({ request: 2, kind: "contents", hashes })),
    /maxMessageBytes of the cluster/,
  );
  assert.match(
    JSON.stringify(await code.answer({ request: 3, kind: "contents", hashes: ["?"] })),
    /no file of any bundle/,
  );
  assert.match(
    JSON.stringify(await code.answer({ request: 4, kind: "unit", unit: "?" })),
    /knows no unit of code/,
  );
});

void test("an import that leads nowhere is refused with its place", async (context) => {
  const code = supply(context, { "work.js": `import "./gone.js";` });
  const message = await code.answer({ request: 1, kind: "bundle", unit: code.unitFor(work)! });
  assert.ok("refusal" in message);
  assert.match(
    message.refusal,
    /^the code that the function needs cannot be sent: .*gone\.js.* \(work\.js:1\)$/,
  );
});

void test("a cluster whose workers use their own files sends none", async (context) => {
  const code = supply(context, { "work.js": "" }, "image");
  const unit = code.unitFor(work)!;
  const { source } = answerIn(await code.answer({ request: 1, kind: "unit", unit })) as CodeUnit;
  assert.equal(source, "image");
  const message = await code.answer({ request: 2, kind: "bundle", unit });
  assert.deepEqual(message, { request: 2, refusal: "this cluster sends no code" });
});
