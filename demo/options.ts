import { Command, CommanderError, InvalidArgumentError, Option } from "commander";

export interface DemoOptions {
  readonly workers: number;
  /** How much work: so many starts, or as many as are done in so many seconds. */
  readonly work: { readonly starts: number } | { readonly seconds: number };
  readonly manager: "local" | "ecs";
  /** Whether the workers are containers on several hosts with Docker engines, rather than processes. */
  readonly fleet: boolean;
  readonly seed: number;
  readonly json: boolean;
  /** The folder for the pictures. */
  readonly output: string;
}

/** What the command line asks for. */
export type Request =
  { readonly kind: "run"; readonly options: DemoOptions } | { readonly kind: "help"; readonly text: string };

/** The command line is wrong; the message says what is, and is meant for whoever typed it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const defaultStarts = 64;

/** Reads the arguments (without node and the program). Throws a `UsageError`. */
export function readOptions(args: readonly string[]): Request {
  let written = "";
  const command = demoCommand();
  const write = (text: string): void => {
    written += text;
  };
  command.configureOutput({ writeOut: write, writeErr: write, getOutHasColors: () => false }).exitOverride();
  try {
    command.parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: "help", text: written };
    throw new UsageError(`${error.message.replace(/^error: /, "")}\n(--help lists the options)`, {
      cause: error,
    });
  }
  const { starts, seconds, ...rest } = command.opts<Omit<DemoOptions, "work"> & Work>();
  if (rest.fleet && rest.manager === "local") {
    throw new UsageError(
      "option '--fleet' cannot be used with '--manager local': the containers of a fleet are started by ECS",
    );
  }
  return {
    kind: "run",
    options: { ...rest, work: seconds === undefined ? { starts: starts ?? defaultStarts } : { seconds } },
  };
}

interface Work {
  readonly starts?: number;
  readonly seconds?: number;
}

function demoCommand(): Command {
  return new Command("npm run demo --")
    .description(
      "Searches for the shortest round trip through the airports of the continental US on a cluster of workers.",
    )
    .addOption(new Option("--workers <n>", "how many workers to launch").argParser(whole(1, 64)).default(4))
    .addOption(
      new Option(
        "--starts <n>",
        `how many tours to start from; the answer depends on this and the seed alone (default: ${defaultStarts})`,
      )
        .argParser(whole(1, 1_000_000))
        .conflicts("seconds"),
    )
    .addOption(
      new Option(
        "--seconds <s>",
        "search for so long instead; the answer then depends on the machine's speed",
      ).argParser(secondsArgument),
    )
    .addOption(
      new Option(
        "--manager <name>",
        "what starts the workers: an ECS endpoint in this process, or plain child processes",
      )
        .choices(["ecs", "local"])
        .default("ecs"),
    )
    .option(
      "--fleet",
      "run the workers as containers on two hosts of their own in this machine; needs root and Docker",
      false,
    )
    .addOption(
      new Option("--seed <n>", "seed of all random choices").argParser(whole(0, 2 ** 32 - 1)).default(1),
    )
    .option("--json", "print one JSON object to stdout, and all else to stderr", false)
    .addOption(
      new Option("--output <folder>", "where to write tour.svg and tour.png")
        .argParser(folder)
        .default("demo-output"),
    )
    .allowExcessArguments(false);
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

function secondsArgument(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value <= 0 || value > 86_400) {
    throw new InvalidArgumentError("It must be a number of seconds above 0 and up to 86400.");
  }
  return value;
}

function folder(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("It must name a folder.");
  return text;
}
