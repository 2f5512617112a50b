import type { Figure } from "./bench.js";
import type { Report } from "./report.js";
import type { BenchResult, ContenderResult, Measured } from "./run-bench.js";
import type { Spread } from "./statistics.js";

interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const legend =
  "Medians of the rounds, in brackets the lowest and the highest. Ratios are Rollcall's figure over the other's, " +
  "taken round by round.";

const quickWarning = "A quick run: smaller counts than the titles say, and figures that mean little.";

/** For a terminal. */
export function toText(report: Report): string {
  const parts = [runLine(report), ...(report.isQuick ? [quickWarning] : []), legend];
  for (const bench of report.benches) {
    parts.push(`${bench.title} (${bench.name}, ${rounds(bench)})\n${aligned(tableOf(bench))}`);
  }
  return `${parts.join("\n\n")}\n`;
}

/** For a file of documentation. */
export function toMarkdown(report: Report): string {
  const { machine } = report;
  const parts = [
    `Measured on ${machine.date.slice(0, 10)} with Node ${machine.node} on ${machine.cores} cores ` +
      `(${machine.cpu}), ${machine.memoryGB} GB, ${machine.platform}, over loopback, by \`${report.command}\`.`,
    ...(report.isQuick ? [quickWarning] : []),
    legend,
  ];
  for (const bench of report.benches) {
    parts.push(
      `### ${bench.title}`,
      `\`${bench.name}\`, ${rounds(bench)}. ${bench.notes}`,
      piped(tableOf(bench)),
    );
  }
  return `${parts.join("\n\n")}\n`;
}

function runLine({ machine, command }: Report): string {
  return `${command}: Node ${machine.node}, ${machine.cores} cores (${machine.cpu}), ${machine.date}`;
}

function rounds(bench: BenchResult): string {
  return bench.rounds === 1 ? "1 round" : `${bench.rounds} rounds`;
}

function tableOf({ figures, contenders }: BenchResult): Table {
  const compared = figures.filter((figure) => figure.isCompared);
  return {
    header: [
      "",
      ...figures.map((figure) => withUnit(figure)),
      ...compared.map((figure) => (compared.length === 1 ? "ratio" : `ratio, ${figure.label}`)),
    ],
    rows: contenders.map((contender) => rowOf(contender, figures, compared)),
  };
}

function withUnit({ label, unit }: Figure): string {
  return label.includes(unit) ? label : `${label}, ${unit}`;
}

function rowOf(
  contender: ContenderResult,
  figures: readonly Figure[],
  compared: readonly Figure[],
): string[] {
  const cell = (measured: readonly Measured[], figure: Figure): string => {
    const found = measured.find((each) => each.figure === figure.key);
    return found === undefined ? "" : spread(found);
  };
  return [
    contender.name,
    ...figures.map((figure) => cell(contender.figures, figure)),
    ...compared.map((figure) => cell(contender.ratios, figure)),
  ];
}

function spread({ median, low, high }: Spread): string {
  return `${number(median)} (${number(low)} to ${number(high)})`;
}

/** Three digits are more than the machine's noise leaves meaning to. */
function number(value: number): string {
  return value.toLocaleString("en", { maximumSignificantDigits: 3 });
}

function aligned(table: Table): string {
  return padded(table)
    .map((cells) => cells.join("  ").trimEnd())
    .join("\n");
}

/** Padded as the formatter of this repository wants it. */
function piped(table: Table): string {
  const [header, ...rows] = padded(table);
  const rule = header!.map((cell) => "-".repeat(cell.length));
  return [header!, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** All lines, the header first, with the cells of a column equally wide. */
function padded({ header, rows }: Table): string[][] {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(3, ...lines.map((cells) => cells[column]!.length)));
  return lines.map((cells) => cells.map((cell, column) => cell.padEnd(widths[column]!)));
}
