import { Command } from "commander";
import { createInterface } from "node:readline/promises";
import { MarkedTasks, type MarkedTask } from "../../managers/ecs/ecs-marked-tasks.js";
import { secondsOption } from "../argument-checks.js";
import { withConnection, withECSOptions, type ECSArguments } from "../ecs-options.js";
import { taskTable } from "../task-table.js";

interface StopArguments extends ECSArguments {
  readonly launch?: readonly string[];
  readonly all?: true;
  readonly yes?: true;
  /** Seconds. */
  readonly timeout: number;
}

export function stopCommand(): Command {
  return withECSOptions(new Command("stop"))
    .description("Stop tasks that Rollcall started in an ECS cluster, and wait until they are STOPPED.")
    .option("--launch <id...>", "the tasks of these launches, as rollcall ps shows them")
    .option("--all", "the tasks of all launches, whoever's program they belong to")
    .option("--yes", "do not ask")
    .option("--timeout <seconds>", "how long to wait for the end of all", secondsOption, 180)
    .action(run);
}

async function run(options: StopArguments): Promise<void> {
  if ((options.launch === undefined) === (options.all === undefined)) {
    throw new TypeError("say which tasks: either --launch ID (rollcall ps shows the ids), or --all");
  }
  await withConnection(options, { operation: "StopTask" }, async (connection) => {
    const marked = new MarkedTasks(connection, options.cluster);
    const running = await marked.list({ stopped: false }, new AbortController().signal);
    const tasks = running.filter(({ launchId }) => options.launch?.includes(launchId) ?? true);
    if (tasks.length > 0 && !(await isAgreed(tasks, options))) return;
    const left =
      tasks.length === 0
        ? []
        : await marked.stop(tasks, "Rollcall: rollcall stop", AbortSignal.timeout(options.timeout * 1000));
    report(tasks, left, options);
  });
}

function report(tasks: readonly MarkedTask[], left: readonly MarkedTask[], options: StopArguments): void {
  const stopped = tasks.filter((task) => !left.includes(task));
  if (options.json === true) {
    const arns = (some: readonly MarkedTask[]) => some.map(({ taskArn }) => taskArn);
    console.log(JSON.stringify({ stopped: arns(stopped), notStopped: arns(left) }, undefined, 2));
  } else if (tasks.length === 0) {
    console.error(`no such task of Rollcall runs in the ECS cluster ${options.cluster}`);
  } else {
    console.log(`${stopped.length} of ${tasks.length} tasks are STOPPED`);
  }
  if (left.length === 0) return;
  process.exitCode = 1;
  console.error(
    `not STOPPED within ${options.timeout} s, though told to stop: ${left.map(({ taskArn }) => taskArn).join(", ")}`,
  );
}

/** Shows what would be stopped, and asks. Throws where nobody can answer. */
async function isAgreed(tasks: readonly MarkedTask[], options: StopArguments): Promise<boolean> {
  if (options.yes === true) return true;
  console.error(taskTable(tasks, Date.now()));
  if (!process.stdin.isTTY) {
    throw new TypeError(`nobody can be asked whether to stop these ${tasks.length} tasks: add --yes`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`Stop these ${tasks.length} tasks? [y/N] `);
    if (/^y(es)?$/i.test(answer.trim())) return true;
  } finally {
    terminal.close();
  }
  console.error("nothing was stopped");
  process.exitCode = 1;
  return false;
}
