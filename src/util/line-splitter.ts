/** A line longer than this is cut, so that output without line ends cannot fill the memory. */
const MAX_LINE_LENGTH = 64 * 1024;

/** Cuts text that arrives in pieces into lines. Pure. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  #rest = "";

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) this.#onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
    if (this.#rest.length > MAX_LINE_LENGTH) this.end();
  }

  /** Gives out what is left without a line end. */
  end(): void {
    if (this.#rest === "") return;
    const line = this.#rest;
    this.#rest = "";
    this.#onLine(line);
  }
}
