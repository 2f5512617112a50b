import { CommanderError } from "commander";
import { benches } from "./benches.js";
import { parseCommandLine, type BenchOptions } from "./command-line.js";
import { toMarkdown, toText } from "./report-tables.js";
import { describeMachine, type Report } from "./report.js";
import { runBench, type BenchResult } from "./run-bench.js";

const args = process.argv.slice(2);

async function measure(options: BenchOptions): Promise<Report> {
  const machine = describeMachine(new Date());
  const results: BenchResult[] = [];
  for (const bench of benches) {
    if (options.names.length > 0 && !options.names.includes(bench.name)) continue;
    const whyNot = bench.whyNot?.();
    if (whyNot !== undefined) {
      clearProgress();
      process.stderr.write(`bench: ${bench.name} is left out: ${whyNot}\n`);
      continue;
    }
    results.push(
      await runBench(bench, {
        isQuick: options.isQuick,
        rounds: options.rounds,
        onProgress: showProgress,
      }),
    );
  }
  clearProgress();
  const command = ["npm run bench", ...(args.length > 0 ? ["--", ...args] : [])].join(" ");
  return { machine, command, isQuick: options.isQuick, benches: results };
}

function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
}

function print(report: Report, format: BenchOptions["format"]): void {
  const text = { text: toText, markdown: toMarkdown, json: (all: Report) => `${JSON.stringify(all)}\n` };
  process.stdout.write(text[format](report));
}

try {
  const options = parseCommandLine(
    args,
    benches.map((bench) => bench.name),
  );
  const report = await measure(options);
  options.document?.write(toMarkdown(report));
  print(report, options.format);
  // A contender that could not be closed must not keep the bench from ending.
  process.stdout.write("", () => process.exit());
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Commander has printed its message; `--help` is no mistake.
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
