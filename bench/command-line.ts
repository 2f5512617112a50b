import { Argument, Command, InvalidArgumentError } from "commander";
import { UpdatableDocument } from "./update-document.js";

export interface BenchOptions {
  /** Names of the benches to run; none for all. */
  readonly names: readonly string[];
  readonly format: "text" | "json" | "markdown";
  readonly rounds: number | undefined;
  readonly isQuick: boolean;
  /** Gets the tables too. */
  readonly document: UpdatableDocument | undefined;
}

/** Reads the command line. Throws a `CommanderError`, after its message was printed, for bad input and for `--help`. */
export function parseCommandLine(args: readonly string[], names: readonly string[]): BenchOptions {
  const command = new Command("npm run bench --")
    .description("Measures Rollcall against the bare wire and against other pools of workers.")
    .addArgument(new Argument("[name...]", "benches to run (default: all)").choices(names))
    .option("--rounds <n>", "rounds of each bench (default: 3 to 15, its own number)", positiveInteger)
    .option("--quick", "a smoke test: small counts, one round, figures that mean little")
    .option("--json", "print one JSON object with every figure of every round")
    .option("--markdown", "print the tables as Markdown")
    .option(
      "--update <file>",
      "also put the tables into a Markdown file, where it says <!-- figures -->",
      openDocument,
    )
    .exitOverride();
  command.parse(args, { from: "user" });
  const { json, markdown, quick, rounds, update } = command.opts<{
    json?: true;
    markdown?: true;
    quick?: true;
    rounds?: number;
    update?: UpdatableDocument;
  }>();
  if (json && markdown) command.error("error: choose one of --json and --markdown");
  return {
    names: command.args,
    format: json ? "json" : markdown ? "markdown" : "text",
    rounds,
    isQuick: quick === true,
    document: update,
  };
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError("It must be a whole number of at least 1.");
  return value;
}

function openDocument(path: string): UpdatableDocument {
  try {
    return new UpdatableDocument(path);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}
