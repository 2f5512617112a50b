import { StringDecoder } from "node:string_decoder";

/** Docker cuts the lines of a container at 16 KiB; so do we, which also bounds what is held back here. */
const MAX_LINE_LENGTH = 16_384;

/** Cuts a stream of UTF-8 bytes into lines, whatever the size of the chunks. */
export class LineSplitter {
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";

  constructor(private readonly onLine: (line: string) => void) {}

  push(chunk: Buffer): void {
    this.#take(this.#decoder.write(chunk));
  }

  /** Hands over the last line if it had no end. */
  end(): void {
    this.#take(this.#decoder.end());
    if (this.#rest !== "") this.onLine(this.#rest);
    this.#rest = "";
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    let last = lines.pop() ?? "";
    for (const line of lines) this.#emit(line.endsWith("\r") ? line.slice(0, -1) : line);
    while (last.length > MAX_LINE_LENGTH) {
      this.onLine(last.slice(0, MAX_LINE_LENGTH));
      last = last.slice(MAX_LINE_LENGTH);
    }
    this.#rest = last;
  }

  #emit(line: string): void {
    for (let at = 0; at === 0 || at < line.length; at += MAX_LINE_LENGTH)
      this.onLine(line.slice(at, at + MAX_LINE_LENGTH));
  }
}
