import { availableParallelism } from "node:os";
import { loadAirports } from "./airports.js";
import { better } from "./best-tour.js";
import { drawTour } from "./draw-tour.js";
import { readOptions, UsageError, type DemoOptions } from "./options.js";
import { prepareFolder, writePictures, type Pictures } from "./picture.js";
import { reportText, type Report } from "./report.js";
import { kilometres } from "./screen-text.js";
import { Screen, type ScreenStream } from "./screen.js";
import type { TourResult, TourStart } from "./search.js";
import type { OpenSolver, Solver } from "./solve.js";
import { tourStarts } from "./starts.js";
import { loadStates } from "./states.js";

/** What a search needs from the process that it runs in. */
export interface SearchSurroundings {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: ScreenStream;
  /** Ends the demo early; `runDemo` then rejects with its reason, after everything has been cleaned up. */
  readonly signal: AbortSignal;
  readonly openSolver: OpenSolver;
}

/** What the demo needs from the process that it runs in. */
export interface Surroundings extends SearchSurroundings {
  /** Does what `searchAndTell` does in a process that has a fleet; its exit code. */
  readonly runOnFleet: (options: DemoOptions, signal: AbortSignal) => Promise<number>;
}

/** Runs the demo as these arguments want it; the exit code. */
export async function runDemo(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stdout, stderr, signal, runOnFleet } = surroundings;
  try {
    const request = readOptions(args);
    if (request.kind === "help") {
      stdout.write(request.text);
      return 0;
    }
    const { options } = request;
    const pictures = prepareFolder(options.output);
    if (options.fleet) return await runOnFleet(options, signal);
    await searchAndTell(options, pictures, surroundings);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    stderr.write(`${error.message}\n`);
    return 2;
  }
}

/** Searches, draws the pictures, and reports on stdout. */
export async function searchAndTell(
  options: DemoOptions,
  pictures: Pictures,
  surroundings: SearchSurroundings,
): Promise<void> {
  const report = await findTour(options, pictures, surroundings);
  surroundings.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `\n${reportText(report)}\n`);
}

async function findTour(
  options: DemoOptions,
  pictures: Pictures,
  { stderr, signal, openSolver }: SearchSurroundings,
): Promise<Report> {
  const airports = loadAirports();
  const screen = new Screen(stderr, options.workers);
  screen.say(`The shortest round trip through the ${airports.length} airports of the continental US\n`);
  const began = performance.now();
  await using solver = await openSolver(options, (event) => screen.launch(event), signal);
  const launchSeconds = secondsSince(began);
  screen.workers(solver.workers);

  const search = await searchTours(options, solver, screen, signal);
  const { best, starts } = search;
  const title = `The shortest round trip found: ${kilometres(best.lengthKm)}`;
  const drawing = drawTour({
    places: airports,
    order: best.order,
    states: loadStates(),
    title,
    subtitle: `${airports.length.toLocaleString("en-US")} airports of the continental US · best of ${starts} starts · seed ${options.seed}`,
    source:
      "Airports and states: vega-datasets · great circles drawn as straight lines on Albers' projection",
  });
  await writePictures(drawing, pictures);
  return {
    manager: options.manager,
    workers: solver.workers,
    airports: airports.length,
    seed: options.seed,
    starts,
    repeatable: "starts" in options.work,
    tourKm: best.lengthKm,
    bestStart: best.index + 1,
    startTourKm: best.startKm,
    seconds: search.seconds,
    launchSeconds,
    cpuSeconds: search.cpuSeconds,
    speedUp: search.cpuSeconds / search.seconds,
    cores: availableParallelism(),
    picture: pictures.svg,
    png: pictures.png,
  };
}

interface Search {
  readonly best: TourResult;
  readonly starts: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** Works on the starts, showing how it stands. */
async function searchTours(
  { work, seed }: DemoOptions,
  solver: Solver,
  screen: Screen,
  signal: AbortSignal,
): Promise<Search> {
  const began = performance.now();
  const starts = "starts" in work ? tourStarts(seed, work.starts) : startsFor(work.seconds, seed, began);
  let best: TourResult | undefined;
  let done = 0;
  let cpuSeconds = 0;
  const show = (): void =>
    screen.progress({ done, work, elapsedSeconds: secondsSince(began), bestKm: best?.lengthKm });
  // The time left changes between results too.
  const ticking = setInterval(show, 200);
  try {
    for await (const result of solver.run(starts, signal)) {
      best = better(best, result);
      done++;
      cpuSeconds += result.cpuSeconds;
      show();
    }
  } finally {
    clearInterval(ticking);
    screen.close();
  }
  signal.throwIfAborted();
  if (!best) throw new Error("the search ended without a single tour");
  return { best, starts: done, seconds: secondsSince(began), cpuSeconds };
}

/** Starts without end, until the time is up when the next one is asked for; one at least. */
function* startsFor(seconds: number, seed: number, began: number): Generator<TourStart> {
  for (const start of tourStarts(seed)) {
    if (start.index > 0 && secondsSince(began) >= seconds) return;
    yield start;
  }
}

const secondsSince = (began: number): number => (performance.now() - began) / 1000;
