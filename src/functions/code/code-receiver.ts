import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { FunctionNotFoundError } from "../../errors.js";
import type { BundledFile, CodeBundle, CodeQuestion, CodeUnit } from "../../protocol/code-messages.js";
import { pathOfModule } from "../module-path.js";
import type { FunctionReference } from "../function-reference.js";
import { codeEntriesOf } from "./code-entries.js";
import { placeInProject, type CodeNames, type CodePlace } from "./code-place.js";
import { CodeTree } from "./code-tree.js";
import { compareWithOwn, ownFile, runsTypeScript, sameWithAllTheyNeed } from "./own-files.js";

/** Puts a question to the manager; rejects with its refusal. */
export type AskForCode = (question: CodeQuestion) => Promise<unknown>;

export interface CodeReceiverOptions {
  /** The project root of this process. */
  readonly root: string;
  /** Rollcall's own folder, to which code that was sent is led when it imports Rollcall. */
  readonly rollcallFolder: string;
}

const MAX_REASONS = 3;

/**
 * The worker's side of the code: compares the files it has with those the manager's program runs, and gets what is missing.
 * A module is one module in this process: files that were sent lead to the worker's own where those are the same.
 */
export class CodeReceiver implements CodeNames {
  readonly #options: CodeReceiverOptions;
  readonly #ask: AskForCode;
  readonly #own: CodePlace;
  readonly #tree = new CodeTree();
  readonly #units = new Map<string, Promise<CodePlace>>();
  /** Places in the tree where a file stands. */
  readonly #placed = new Set<string>();
  /** Modules of files that were sent, by the path of the file. */
  readonly #sent = new Map<string, string>();
  /** The first unit with which each module came, or was found to be here. */
  readonly #unitOf = new Map<string, string>();
  #placing: Promise<unknown> = Promise.resolve();

  constructor(options: CodeReceiverOptions, ask: AskForCode) {
    this.#options = options;
    this.#ask = ask;
    this.#own = placeInProject(options.root);
  }

  /** Where the code of a unit is, after it has been made sure that it is there. Rejects with a `FunctionNotFoundError`. */
  place(unit: string): Promise<CodePlace> {
    let placing = this.#units.get(unit);
    if (placing === undefined) {
      placing = this.#place(unit);
      this.#units.set(unit, placing);
      placing.catch(() => this.#units.delete(unit));
    }
    return placing;
  }

  moduleOf(file: string): string | undefined {
    return this.#sent.get(file);
  }

  unitFor(reference: FunctionReference): string | undefined {
    const { modules = [], specifiers = [] } = codeEntriesOf(reference) ?? {};
    for (const module of [...modules, ...specifiers.map(({ from }) => from)]) {
      const unit = this.#unitOf.get(module);
      if (unit !== undefined) return unit;
    }
    return undefined;
  }

  /** Removes what was sent. */
  close(): void {
    this.#tree.remove();
  }

  async #place(id: string): Promise<CodePlace> {
    try {
      const unit = (await this.#ask({ kind: "unit", unit: id })) as CodeUnit;
      const { source, advice, files } = unit;
      if (source === "bundle") return await this.#receive(id, false);
      const wrongs = await compareWithOwn(files, this.#options.root, {
        canBeSent: source === "auto",
        canRunTypeScript: runsTypeScript(),
      });
      if (wrongs.length === 0) {
        this.#remember(id, files);
        return this.#own;
      }
      if (source === "auto") return await this.#receive(id, true);
      throw new Error(
        `${explain(wrongs)}; build the worker's image from the manager's version of the project, ${advice}`,
      );
    } catch (cause) {
      // Refusals are told in the manager's words; what this machine refused (a full disk) is worth its own error.
      const isOfSystem = cause instanceof Error && "code" in cause;
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new FunctionNotFoundError(message, isOfSystem ? { cause } : undefined);
    }
  }

  /** One after the other: two units may bring the same files. */
  #receive(unit: string, mayUseOwn: boolean): Promise<CodePlace> {
    const received = this.#placing.then(async () => {
      const bundle = (await this.#ask({ kind: "bundle", unit })) as CodeBundle;
      await this.#fill(bundle, mayUseOwn);
      this.#remember(unit, bundle.files);
      return placeInTree(bundle, this.#tree);
    });
    this.#placing = received.catch(() => {});
    return received;
  }

  #remember(unit: string, files: readonly { readonly module: string }[]): void {
    for (const { module } of files) if (!this.#unitOf.has(module)) this.#unitOf.set(module, unit);
  }

  async #fill(bundle: CodeBundle, mayUseOwn: boolean): Promise<void> {
    const isOwn = mayUseOwn ? await this.#ownFiles(bundle.files) : [];
    const missing: BundledFile[] = [];
    for (const [index, file] of bundle.files.entries()) {
      if (this.#placed.has(file.path)) continue;
      if (isOwn[index] !== true) missing.push(file);
      else {
        await this.#tree.link(file.path, this.#own.fileOf(file.module), "file");
        this.#placed.add(file.path);
      }
    }
    for (let open = missing; open.length > 0;) {
      const hashes = open.map(({ hash }) => hash);
      const contents = (await this.#ask({ kind: "contents", hashes })) as Uint8Array[];
      await Promise.all(contents.map((content, index) => this.#tree.write(open[index]!.path, content)));
      for (const { path, module } of open.slice(0, contents.length)) {
        this.#placed.add(path);
        this.#sent.set(this.#tree.pathOf(path), module);
      }
      open = open.slice(contents.length);
    }
    if (missing.some(({ isMapped }) => isMapped)) process.setSourceMapsEnabled(true);
    await this.#link(bundle);
  }

  async #link({ files, links, external }: CodeBundle): Promise<void> {
    const paths = new Set(files.map(({ path }) => path));
    for (const [place, target] of Object.entries(links)) {
      await this.#tree.link(place, this.#tree.pathOf(target), paths.has(target) ? "file" : "junction");
    }
    await this.#tree.link("node_modules/rollcall", this.#options.rollcallFolder, "junction");
    for (const name of external) {
      const folder = ownPackage(name, this.#options.root);
      // One that nothing imports need not be there; for others Node.js says what is missing.
      if (folder !== undefined) await this.#tree.link(`node_modules/${name}`, folder, "junction");
    }
  }

  async #ownFiles(files: readonly BundledFile[]): Promise<boolean[]> {
    const canRunTypeScript = runsTypeScript();
    const isSame = await Promise.all(
      files.map(async ({ module, source, isMapped }) => {
        const { path } = pathOfModule(this.#options.root, module);
        if (isMapped && !canRunTypeScript && !/\.[cm]?js$/.test(module)) return false;
        return (await ownFile(path))?.hash === source;
      }),
    );
    return sameWithAllTheyNeed(
      isSame,
      files.map(({ needs }) => needs),
    );
  }
}

function placeInTree(bundle: CodeBundle, tree: CodeTree): CodePlace {
  const { root, files, specifiers } = bundle;
  const modules = new Map(files.map(({ module, path }) => [module, tree.pathOf(path)] as const));
  const key = (module: string, specifier: string): string => JSON.stringify([module, specifier]);
  const meant = new Map(
    specifiers.map(
      ({ from, specifier, file }) => [key(from, specifier), tree.pathOf(files[file]!.path)] as const,
    ),
  );
  const inTree = tree.pathOf(root);
  return {
    fileOf: (module) => modules.get(module.replace(/[?#].*$/, "")) ?? pathOfModule(inTree, module).path,
    specifierIn: (module, specifier) => {
      const path = meant.get(key(module, specifier));
      return path === undefined ? specifier : pathToFileURL(path).href;
    },
  };
}

function explain(wrongs: readonly string[]): string {
  const more = wrongs.length > MAX_REASONS ? [`and ${wrongs.length - MAX_REASONS} more`] : [];
  return [...wrongs.slice(0, MAX_REASONS), ...more].join("; ");
}

function ownPackage(name: string, root: string): string | undefined {
  for (let folder = root; ; folder = dirname(folder)) {
    const place = join(folder, "node_modules", name);
    if (existsSync(place)) return place;
    if (dirname(folder) === folder) return undefined;
  }
}
