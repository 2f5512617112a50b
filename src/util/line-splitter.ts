/** A line longer than this, in UTF-16 units, is cut: output without line ends must not fill memory or messages. */
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
    for (const line of lines) this.#give(line.endsWith("\r") ? line.slice(0, -1) : line);
    if (this.#rest.length > MAX_LINE_LENGTH) this.end();
  }

  /** Gives out what is left without a line end. */
  end(): void {
    if (this.#rest === "") return;
    const line = this.#rest;
    this.#rest = "";
    this.#give(line);
  }

  #give(line: string): void {
    if (line.length <= MAX_LINE_LENGTH) return this.#onLine(line);
    for (let start = 0; start < line.length; start += MAX_LINE_LENGTH) {
      this.#onLine(line.slice(start, start + MAX_LINE_LENGTH));
    }
  }
}
