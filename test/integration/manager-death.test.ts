import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ECSEndpoint } from "./ecs-endpoint.js";
import { nothingIsLeft } from "./leftovers.js";
import type { Platform, Stage } from "./manager-stages.js";
import { markedProcesses } from "./marked-processes.js";

/** What is promised of a manager's end, whatever ends it: after so long none of its workers is left. */
const LIMIT_MS = 15_000;

const program = fileURLToPath(import.meta.resolve("./fixtures/manager-program.js"));
const options = {
  skip: process.platform === "linux" ? false : "workers are found through /proc, which only Linux has",
};

interface Death {
  readonly platform: Platform;
  readonly stage: Stage;
  readonly signal: NodeJS.Signals;
  /** As a terminal does for Ctrl-C: the signal goes to the program's children too. */
  readonly toGroup?: boolean;
}

afterEach(nothingIsLeft);

/** Starts the program, lets it come to the stage, and kills it there. Resolves with how many workers it then had. */
async function killManager(death: Death, mark: string, endpoint = ""): Promise<number> {
  const { platform, stage, signal, toGroup = false } = death;
  const manager = spawn(process.execPath, [program, platform, stage, mark, endpoint], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const ended = once(manager, "close");
  try {
    const reached = await Promise.race([
      once(createInterface(manager.stdout), "line"),
      ended.then(([code]) => assert.fail(`the manager ended with code ${code} before "${stage}"`)),
    ]);
    assert.deepEqual(reached, [`stage ${stage}`]);
    const workers = markedProcesses(mark).length;
    process.kill(toGroup ? -manager.pid! : manager.pid!, signal);
    await ended;
    assert.equal(manager.signalCode, signal);
    return workers;
  } finally {
    manager.kill("SIGKILL");
  }
}

/** Nobody is told of the end of a process that is not its child, so this looks again and again. */
async function untilNoneIsLeft(left: () => readonly unknown[]): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (left().length > 0) {
    if (performance.now() > deadline) assert.fail(`left after ${LIMIT_MS} ms: ${left().join(", ")}`);
    await delay(25);
  }
}

async function leavesNobody(death: Death): Promise<void> {
  const mark = randomUUID();
  await using endpoint = death.platform === "ecs" ? await ECSEndpoint.start({ instances: 2 }) : undefined;
  try {
    const workers = await killManager(death, mark, endpoint?.local.endpoint);
    if (death.stage === "joined" || death.stage === "computing") assert.equal(workers, 2);
    await untilNoneIsLeft(() => [...markedProcesses(mark), ...(endpoint?.alive() ?? [])]);
    if (endpoint !== undefined) assert.equal(endpoint.local.tasks().length, 2);
  } finally {
    for (const pid of markedProcesses(mark)) process.kill(pid, "SIGKILL");
  }
}

const words: Record<Stage, string> = {
  launched: "while its workers are launched",
  started: "when its workers have just started",
  joined: "while its workers have nothing to do",
  computing: "while its workers are in a loop of minutes",
};

function describe({ platform, stage, signal, toGroup }: Death): string {
  const kind = { local: "local workers", ecs: "ECS tasks", embedded: "an ECS endpoint of its own" }[platform];
  const group = toGroup === true ? " from the terminal" : "";
  return `${signal}${group} to a manager with ${kind} ${words[stage]} leaves nobody`;
}

const deaths: readonly Death[] = [
  { platform: "local", stage: "started", signal: "SIGKILL" },
  { platform: "local", stage: "started", signal: "SIGINT", toGroup: true },
  { platform: "local", stage: "joined", signal: "SIGKILL" },
  { platform: "local", stage: "joined", signal: "SIGTERM" },
  { platform: "local", stage: "computing", signal: "SIGKILL" },
  { platform: "local", stage: "computing", signal: "SIGTERM" },
  { platform: "local", stage: "computing", signal: "SIGINT", toGroup: true },
  { platform: "ecs", stage: "launched", signal: "SIGKILL" },
  { platform: "ecs", stage: "started", signal: "SIGINT" },
  { platform: "ecs", stage: "joined", signal: "SIGTERM" },
  { platform: "ecs", stage: "computing", signal: "SIGKILL" },
  { platform: "ecs", stage: "computing", signal: "SIGTERM" },
  { platform: "embedded", stage: "launched", signal: "SIGKILL" },
  { platform: "embedded", stage: "computing", signal: "SIGKILL" },
  { platform: "embedded", stage: "computing", signal: "SIGINT", toGroup: true },
];

for (const death of deaths) test(describe(death), options, () => leavesNobody(death));
