/** How a worker gets the code that functions need: `codeWanted`, its question, and `code`, the manager's answer. */

/** Where code comes from: the files of the worker's own image, or what the manager sends. */
export type CodeSource = "image" | "bundle" | "auto";

/** `codeWanted`. `request` is a number of the worker's own, which stands in the answer again. */
export type CodeWantedMessage = { readonly request: number } & CodeQuestion;

export type CodeQuestion =
  /** Which files a unit of code consists of. */
  | { readonly kind: "unit"; readonly unit: string }
  /** The same unit as it can be sent. */
  | { readonly kind: "bundle"; readonly unit: string }
  /** The contents of files of a bundle, by their hash. The answer holds the first of them, at least one. */
  | { readonly kind: "contents"; readonly hashes: readonly string[] };

/** `code`. */
export type CodeMessage =
  | { readonly request: number; readonly answer: CodeUnit | CodeBundle | readonly Uint8Array[] }
  | { readonly request: number; readonly refusal: string };

/** The files that some functions need, as a worker can compare them with its own. */
export interface CodeUnit {
  /** `image` also where nothing can be sent. */
  readonly source: CodeSource;
  /** For a worker that may use its own files alone: what else could be done about those that differ. */
  readonly advice: string;
  readonly files: readonly CodeFile[];
}

export interface CodeFile {
  /** As in `FunctionByName.module`, without query and fragment. */
  readonly module: string;
  /** SHA-256 of its bytes, the first 16 bytes in hexadecimal; empty where only its imports matter. */
  readonly hash: string;
  /** When it was written, in milliseconds since 1970. */
  readonly modifiedAt: number;
  /** Files of the unit that it imports, by position. */
  readonly imports: readonly number[];
  /** Packages that it imports, and their versions. */
  readonly packages: Readonly<Record<string, string>>;
}

/** A unit of code as it is sent: a tree of files in which Node.js finds its way by itself. */
export interface CodeBundle {
  /** The folder in the tree that stands for the project root. */
  readonly root: string;
  readonly files: readonly BundledFile[];
  /**
   * Links in the tree, each with the path in the tree to which it leads: packages stand behind such in some stores, and
   * compiled files have their old name as well.
   */
  readonly links: Readonly<Record<string, string>>;
  /** What import specifiers in functions by value mean. */
  readonly specifiers: readonly BundledSpecifier[];
  /** Packages that the worker must have itself. */
  readonly external: readonly string[];
}

export interface BundledFile {
  /** In the tree, with `/` on every system. */
  readonly path: string;
  /** As in `CodeFile`. */
  readonly module: string;
  /** The hash of the file it was made from, as in `CodeFile`. */
  readonly source: string;
  /** The hash of what is sent. */
  readonly hash: string;
  /** Bytes. */
  readonly size: number;
  /** Files of the bundle that it imports or is governed by (its package.json), by position. */
  readonly needs: readonly number[];
  /** It has a source map inside. */
  readonly isMapped: boolean;
}

export interface BundledSpecifier {
  /** The module that it stands in. */
  readonly from: string;
  readonly specifier: string;
  /** Position in `files`. */
  readonly file: number;
}
