import { Command } from "commander";
import { MarkedTasks } from "../../managers/ecs/ecs-marked-tasks.js";
import { withConnection, withECSOptions, type ECSArguments } from "../ecs-options.js";
import { taskTable } from "../task-table.js";

interface PsArguments extends ECSArguments {
  readonly all?: true;
}

export function psCommand(): Command {
  return withECSOptions(new Command("ps"))
    .description("List the tasks that Rollcall started in an ECS cluster, and no others.")
    .option("--all", "also those that were told to stop, or ended within the last hour")
    .action(run);
}

async function run(options: PsArguments): Promise<void> {
  const tasks = await withConnection(options, { operation: "ListTasks" }, (connection) =>
    new MarkedTasks(connection, options.cluster).list(
      { stopped: options.all === true },
      new AbortController().signal,
    ),
  );
  if (options.json === true) console.log(JSON.stringify(tasks, undefined, 2));
  else if (tasks.length > 0) console.log(taskTable(tasks, Date.now()));
  else console.error(`no task of Rollcall in the ECS cluster ${options.cluster}`);
}
