import { StringDecoder } from "node:string_decoder";

/** A line longer than this, in UTF-16 units, is cut: output without line ends must not fill memory or messages. */
const MAX_LINE_LENGTH = 64 * 1024;

/** Cuts text that arrives in pieces, or as the bytes of UTF-8, into lines. Pure. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #maxLength: number;
  /** A character may be split over two pieces. */
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";

  constructor(onLine: (line: string) => void, maxLength = MAX_LINE_LENGTH) {
    this.#onLine = onLine;
    this.#maxLength = maxLength;
  }

  push(piece: string | Uint8Array): void {
    this.#take(this.#decoder.write(piece));
  }

  /** Gives out what is left without a line end. */
  end(): void {
    this.#take(this.#decoder.end());
    if (this.#rest !== "") this.#onLine(this.#rest);
    this.#rest = "";
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    let last = lines.pop()!;
    for (const line of lines) this.#give(line.endsWith("\r") ? line.slice(0, -1) : line);
    for (; last.length > this.#maxLength; last = last.slice(this.#maxLength))
      this.#onLine(last.slice(0, this.#maxLength));
    this.#rest = last;
  }

  #give(line: string): void {
    for (let at = 0; at === 0 || at < line.length; at += this.#maxLength)
      this.#onLine(line.slice(at, at + this.#maxLength));
  }
}
