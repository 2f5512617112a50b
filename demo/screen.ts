import { SingleBar } from "cli-progress";
import { launchLine, progressLine, shareDone, workerTable, type Progress } from "./screen-text.js";
import type { DemoWorker, LaunchEvent, LaunchStep } from "./solve.js";

/** Where the screen writes: stderr, or what stands for it. */
export type ScreenStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** Without a terminal there is no bar; a line comes when so much more is done, or so much time has passed. */
const lineEveryShare = 0.1;
const lineEverySeconds = 10;

/**
 * What the person sees while the demo runs: the launch as it happens, the workers, and how the search stands, as a
 * bar on a terminal and as a line now and then elsewhere. `close` leaves the terminal as it was, at any moment.
 */
export class Screen {
  readonly #stream: ScreenStream;
  readonly #workers: number;
  readonly #counts = new Map<LaunchStep, number>();
  #bar: SingleBar | undefined;
  #lastLine = { share: 0, seconds: 0 };

  /** `workers`: how many are being launched. */
  constructor(stream: ScreenStream, workers: number) {
    this.#stream = stream;
    this.#workers = workers;
  }

  say(text: string): void {
    this.#stream.write(`${text}\n`);
  }

  launch(event: LaunchEvent): void {
    const count = (this.#counts.get(event.step) ?? 0) + 1;
    this.#counts.set(event.step, count);
    this.say(launchLine(event, count, this.#workers));
  }

  workers(workers: readonly DemoWorker[]): void {
    this.say(`\n${workerTable(workers)}\n`);
  }

  progress(progress: Progress): void {
    const share = shareDone(progress);
    if (this.#stream.isTTY) {
      this.#bar ??= this.#startBar();
      this.#bar.update(share, { line: progressLine(progress) });
      return;
    }
    const isDue =
      share - this.#lastLine.share >= lineEveryShare ||
      progress.elapsedSeconds - this.#lastLine.seconds >= lineEverySeconds;
    if (!isDue && !(share === 1 && this.#lastLine.share < 1)) return;
    this.#lastLine = { share, seconds: progress.elapsedSeconds };
    this.say(progressLine(progress));
  }

  /** Ends the bar. May be called twice. */
  close(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  #startBar(): SingleBar {
    const bar = new SingleBar({
      stream: this.#stream,
      format: "{bar} {percentage}%  {line}",
      barCompleteChar: "█",
      barIncompleteChar: "░",
      barsize: 24,
      hideCursor: true,
      fps: 10,
      // The program itself handles signals.
      gracefulExit: false,
    });
    bar.start(1, 0, { line: "" });
    return bar;
  }
}
