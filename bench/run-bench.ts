import { Closers, type Bench, type Contender, type Figure, type Readings, type Scale } from "./bench.js";
import { within } from "./time-limit.js";
import { spreadOf, type Spread } from "./statistics.js";

export interface Measured extends Spread {
  readonly figure: string;
  readonly rounds: readonly number[];
}

export interface ContenderResult {
  readonly name: string;
  readonly figures: readonly Measured[];
  /** Rollcall's values over this contender's, each pair from the same round. */
  readonly ratios: readonly Measured[];
}

export interface BenchResult {
  readonly name: string;
  readonly title: string;
  readonly notes: string;
  readonly rounds: number;
  readonly figures: readonly Figure[];
  readonly contenders: readonly ContenderResult[];
}

export interface RunOptions extends Scale {
  /** Rounds; undefined for the bench's own number. */
  readonly rounds: number | undefined;
  readonly onProgress: (text: string) => void;
}

/** Runs one bench: all contenders in turn, round by round, so that a slow spell of the machine hits all of them. */
export async function runBench(bench: Bench, options: RunOptions): Promise<BenchResult> {
  const rounds = options.rounds ?? (options.isQuick ? 1 : bench.rounds);
  const closers = new Closers();
  let readings: Readings[][];
  let contenders: readonly Contender[];
  try {
    options.onProgress(`${bench.name}: starting`);
    contenders = await within(bench.name, bench.open(options, closers));
    for (const contender of contenders) {
      options.onProgress(`${bench.name}: warming up ${contender.name}`);
      await within(contender.name, contender.warmUp?.() ?? contender.measure());
    }
    readings = await measureInTurn(contenders, rounds, (round, name) =>
      options.onProgress(`${bench.name}: round ${round} of ${rounds}, ${name}`),
    );
  } finally {
    await closers.close((message) => options.onProgress(`${bench.name}: ${message}`));
  }
  const { name, title, notes, figures } = bench;
  return { name, title, notes, rounds, figures, contenders: contenders.map(toResult) };

  function toResult(contender: Contender, index: number): ContenderResult {
    const own = readings[index]!;
    return {
      name: contender.name,
      figures: figures.flatMap((figure) => measured(figure, (round) => own[round]![figure.key])),
      ratios: figures.flatMap((figure) =>
        index === 0 || !figure.isCompared
          ? []
          : measured(figure, (round) => quotient(readings[0]![round]!, own[round]!, figure.key)),
      ),
    };
  }

  function measured(figure: Figure, value: (round: number) => number | undefined): Measured[] {
    const values = Array.from({ length: rounds }, (_, round) => value(round));
    if (!values.every((each) => each !== undefined)) return [];
    return [{ figure: figure.key, ...spreadOf(values), rounds: values }];
  }
}

async function measureInTurn(
  contenders: readonly Contender[],
  rounds: number,
  onMeasure: (round: number, name: string) => void,
): Promise<Readings[][]> {
  const readings: Readings[][] = contenders.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      onMeasure(round + 1, contender.name);
      readings[index]!.push(await within(contender.name, contender.measure()));
    }
  }
  return readings;
}

function quotient(above: Readings, below: Readings, key: string): number | undefined {
  const [dividend, divisor] = [above[key], below[key]];
  return dividend === undefined || divisor === undefined ? undefined : dividend / divisor;
}
