import type {
  CodeBundle,
  CodeMessage,
  CodeQuestion,
  CodeSource,
  CodeUnit,
  CodeWantedMessage,
} from "../../protocol/code-messages.js";
import type { FunctionReference } from "../function-reference.js";
import { CodeBundler } from "./code-bundler.js";
import { codeEntriesOf, type CodeEntries } from "./code-entries.js";
import { contentHash } from "./content-hash.js";
import { ESBUILD_ADVICE, findEsbuild, type Esbuild } from "./esbuild.js";
import { SourceTree } from "./source-tree.js";

/** So that a large bundle does not need its memory twice, on either side. */
const BATCH_BYTES = 8 * 1024 * 1024;
/** More than what stands around one file in a message. */
const ENVELOPE_BYTES = 1024;
/** Of those that esbuild reports at once. */
const MAX_ERRORS = 3;

export interface CodeSupplyOptions {
  readonly root: string;
  readonly source: CodeSource;
  /** Packages that workers have themselves, also where code is sent. */
  readonly external: readonly string[];
  readonly maxMessageBytes: number;
}

interface KnownUnit {
  readonly entries: CodeEntries;
  readonly unit: CodeUnit;
  bundle: Promise<CodeBundle> | undefined;
}

/** The manager's side of the code: knows what functions need, and answers workers that ask for it. */
export class CodeSupply {
  readonly #options: CodeSupplyOptions;
  readonly #tree: SourceTree;
  readonly #esbuildUrl: string | undefined;
  readonly #source: Pick<CodeUnit, "source" | "advice">;
  readonly #units = new Map<string, KnownUnit>();
  #bundler: CodeBundler | undefined;

  /** Throws a `TypeError` if code is always to be sent and cannot be. */
  constructor(options: CodeSupplyOptions) {
    this.#options = options;
    this.#tree = new SourceTree(options.root);
    const { source } = options;
    this.#esbuildUrl = source === "image" ? undefined : findEsbuild(options.root);
    if (source === "bundle" && this.#esbuildUrl === undefined) {
      throw new TypeError(`code: "bundle" needs esbuild, which is not installed: npm install esbuild`);
    }
    this.#source =
      source === "auto" && this.#esbuildUrl === undefined
        ? { source: "image", advice: ESBUILD_ADVICE }
        : { source, advice: 'or have the code sent, with the cluster\'s option code: "auto"' };
  }

  /** The unit of code that a function needs; undefined if it needs none. */
  unitFor(reference: FunctionReference): string | undefined {
    const entries = codeEntriesOf(reference);
    if (entries === undefined) return undefined;
    const files = this.#tree.files(entries);
    const id = contentHash(JSON.stringify([entries, files]));
    if (!this.#units.has(id)) {
      this.#units.set(id, { entries, unit: { ...this.#source, files }, bundle: undefined });
    }
    return id;
  }

  /** Never rejects: what cannot be answered is refused, with the reason. */
  async answer(message: CodeWantedMessage): Promise<CodeMessage> {
    const { request } = message;
    try {
      return { request, answer: await this.#answer(message) };
    } catch (error) {
      return { request, refusal: explain(error) };
    }
  }

  async #answer(question: CodeQuestion): Promise<CodeUnit | CodeBundle | readonly Uint8Array[]> {
    if (question.kind === "contents") return this.#contents(question.hashes);
    const known = this.#units.get(question.unit);
    if (known === undefined) throw new Error(`the manager knows no unit of code ${question.unit}`);
    return question.kind === "unit" ? known.unit : this.#bundle(known);
  }

  /** Made once for all workers; one that failed is made again when the next worker asks. */
  #bundle(known: KnownUnit): Promise<CodeBundle> {
    if (known.bundle !== undefined) return known.bundle;
    if (this.#esbuildUrl === undefined) throw new Error("this cluster sends no code");
    const { root, external } = this.#options;
    this.#bundler ??= new CodeBundler({ root, external, esbuildUrl: this.#esbuildUrl });
    const bundle = this.#bundler.bundle(known.entries);
    known.bundle = bundle;
    bundle.catch(() => (known.bundle = undefined));
    return bundle;
  }

  /** As many as fit into a message. */
  #contents(hashes: readonly string[]): readonly Uint8Array[] {
    const { maxMessageBytes } = this.#options;
    const limit = Math.min(BATCH_BYTES, maxMessageBytes / 2);
    const batch: Uint8Array[] = [];
    let size = 0;
    for (const content of this.#bundler?.contents(hashes) ?? []) {
      size += content.length;
      if (batch.length > 0 && size > limit) break;
      batch.push(content);
    }
    const [first] = batch;
    if (first !== undefined && first.length + ENVELOPE_BYTES > maxMessageBytes) {
      throw new Error(
        `a file that functions need takes ${first.length} bytes, and maxMessageBytes of the cluster is ` +
          `${maxMessageBytes}; raise it`,
      );
    }
    return batch;
  }
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { errors } = error as { readonly errors?: readonly Esbuild.Message[] };
  if (!Array.isArray(errors) || errors.length === 0) return error.message;
  const lines = (errors as readonly Esbuild.Message[]).slice(0, MAX_ERRORS).map(({ text, location }) => {
    return location === null ? text : `${text} (${location.file}:${location.line})`;
  });
  return `the code that the function needs cannot be sent: ${lines.join("; ")}`;
}
