import { readFileSync, writeFileSync } from "node:fs";

const BEGIN = "<!-- figures -->";
const END = "<!-- /figures -->";

/** A Markdown file with a place for the tables, between two comments. */
export class UpdatableDocument {
  readonly #path: string;
  readonly #before: string;
  readonly #after: string;

  /** Throws an `Error` if the file cannot be read or has no such place, so that nothing is measured in vain. */
  constructor(path: string) {
    const text = readFileSync(path, "utf8");
    const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
    if (begin < 0 || end < begin)
      throw new Error(`${path} must have a line ${BEGIN} and after it a line ${END}`);
    this.#path = path;
    this.#before = text.slice(0, begin + BEGIN.length);
    this.#after = text.slice(end);
  }

  write(tables: string): void {
    writeFileSync(this.#path, `${this.#before}\n\n${tables}\n${this.#after}`);
  }
}
