/** The guide to ECS: its program and its commands, against an endpoint of `rollcall/local-ecs`. */
import { ECSClient, RegisterTaskDefinitionCommand, StopTaskCommand } from "@aws-sdk/client-ecs";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startLocalECS, type LocalECS } from "#dist/local-ecs/index.js";
import { endpointVariables, rollcall } from "../cli/run-cli.js";
import { codeBlocks, document, ROOT } from "./documents.js";

const GUIDE = document("docs/guide/ecs.md");

/** A project as the guide has one, with the packages of this repository. */
function makeProject(): string {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-guide-"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "pi", private: true, type: "module" }));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(ROOT, join(folder, "node_modules", "rollcall"));
  for (const scope of ["@aws-sdk", "@types"]) {
    symlinkSync(join(ROOT, "node_modules", scope), join(folder, "node_modules", scope));
  }
  for (const { file, code } of codeBlocks(GUIDE, "ts")) {
    if (file === undefined) continue;
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    writeFileSync(join(folder, file), code);
  }
  return folder;
}

/** The arguments of the command that the guide gives in its only line with these words. */
function argumentsIn(words: string): string[] {
  const text = GUIDE.text.replaceAll(/ \\\n */g, " ");
  const lines = text.split("\n").filter((line) => line.startsWith("np") && line.includes(words));
  assert.equal(lines.length, 1, `lines of the guide with ${words}`);
  const [command = ""] = lines[0]!.split(" > ");
  return command.split(" ").slice(command.startsWith("npx") ? 2 : 1);
}

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  onStderr: (text: string) => void = () => {},
): Promise<Run> {
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  const closed = once(child, "close") as Promise<[number | null]>;
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => onStderr((stderr += text)));
  const [code] = await closed;
  return { code, stdout, stderr };
}

void describe("the guide to ECS", () => {
  let folder: string;
  let ecs: LocalECS;
  let environment: Record<string, string>;
  before(async () => {
    folder = makeProject();
    ecs = await startLocalECS({
      instances: [
        { cpu: 2048, memory: 4096 },
        { cpu: 2048, memory: 4096 },
      ],
      workingDirectory: folder,
    });
    environment = { PATH: process.env["PATH"] ?? "", NODE_NO_WARNINGS: "1", ...endpointVariables(ecs) };
  });
  after(async () => {
    await ecs.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("its program is compiled by its command", async () => {
    const compiler = join(ROOT, "node_modules", "typescript", "bin", "tsc");
    const { code, stdout } = await run(folder, [compiler, ...argumentsIn("npx tsc")], environment);
    assert.deepEqual([code, stdout], [0, ""]);
  });

  test("its commands make a task definition with which doctor finds nothing wrong", async () => {
    const args = argumentsIn("rollcall taskdef --family").map((arg) => arg.replace(/^"|"$/g, ""));
    const printed = await rollcall(args.with(args.indexOf("--node") + 1, process.versions.node));
    assert.equal(printed.code, 0, printed.stderr);
    const client = new ECSClient(ecs.clientConfig);
    await client.send(new RegisterTaskDefinitionCommand(JSON.parse(printed.stdout) as never));
    client.destroy();
    assert.equal((await rollcall(argumentsIn("rollcall iam"), environment)).code, 0);
    const checked = await rollcall(argumentsIn("rollcall doctor"), environment);
    assert.equal(checked.code, 0);
    assert.doesNotMatch(checked.stdout, /^(warn|fail)/m);
  });

  test("its program ends with a number near pi and with no task, though one is stopped under it", async () => {
    const client = new ECSClient(ecs.clientConfig);
    let isStopped = false;
    const { code, stdout, stderr } = await run(folder, ["dist/main.js"], environment, (seen) => {
      if (isStopped || !seen.includes("4 workers")) return;
      isStopped = true;
      const [task] = ecs.tasks();
      void client.send(new StopTaskCommand({ task: task!.taskArn, reason: "just to see" }));
    });
    client.destroy();
    assert.equal(code, 0, stderr);
    assert.ok(Math.abs(Number(stdout) - Math.PI) < 0.01, stdout);
    assert.match(stderr, /worker \d is gone: ECS task \w+ stopped, UserInitiated: "just to see"/);
    assert.deepEqual(
      ecs.tasks().filter(({ lastStatus }) => lastStatus !== "STOPPED"),
      [],
    );
    const listed = await rollcall(["ps"], environment);
    assert.match(listed.stderr, /no task of Rollcall in the ECS cluster default/);
  });
});
