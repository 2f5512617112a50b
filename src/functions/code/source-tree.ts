import { readFileSync, statSync } from "node:fs";
import { dirname, resolve, sep } from "node:path";
import type { CodeFile } from "../../protocol/code-messages.js";
import { realPath } from "../main-module.js";
import { moduleOfPath, pathOfModule } from "../module-path.js";
import { isOfEveryWorker, type CodeEntries } from "./code-entries.js";
import { contentHash } from "./content-hash.js";
import { installedVersion } from "./installed-package.js";
import { candidatePaths, importedSpecifiers, packageOf } from "./source-imports.js";

/** One file of the project, and where its imports lead. */
interface SourceFile extends Followed {
  readonly module: string;
  readonly hash: string;
  readonly modifiedAt: number;
}

interface Followed {
  /** Paths of files. */
  readonly imports: readonly string[];
  readonly packages: Readonly<Record<string, string>>;
}

const SOURCE = /\.[cm]?[jt]sx?$/;

/**
 * The files of a project, followed from import to import without loading or parsing them. Each is read once: what a
 * program has loaded does not change when its file does. Reads are synchronous: a hundred small files take a few
 * milliseconds that way, and several times as many otherwise.
 */
export class SourceTree {
  readonly #root: string;
  readonly #files = new Map<string, SourceFile | undefined>();
  /** What specifiers lead to, by folder and specifier. */
  readonly #targets = new Map<string, string | undefined>();
  readonly #versions = new Map<string, string | undefined>();

  constructor(root: string) {
    this.#root = root;
  }

  /** The files that these entries lead to, in the order in which they were found. */
  files(entries: CodeEntries): CodeFile[] {
    const places = this.#places(entries);
    const found: SourceFile[] = [];
    const positions = new Map<string, number>();
    const open = [
      ...entries.modules.map((module) => this.#pathOf(module)),
      ...places.flatMap(({ imports }) => imports),
    ];
    // Grows while it is walked.
    for (const path of open) {
      if (positions.has(path)) continue;
      const file = this.#read(path);
      positions.set(path, file === undefined ? -1 : found.push(file) - 1);
      if (file !== undefined) open.push(...file.imports);
    }
    const positionsOf = (paths: readonly string[]): number[] =>
      paths.map((path) => positions.get(path) ?? -1).filter((position) => position >= 0);
    return [...found, ...places].map(({ module, hash, modifiedAt, imports, packages }) => ({
      module,
      hash,
      modifiedAt,
      packages,
      imports: positionsOf(imports),
    }));
  }

  /** What the places of functions by value import. Their own text travels with the function, and is not compared. */
  #places(entries: CodeEntries): SourceFile[] {
    const byPlace = new Map<string, string[]>();
    for (const { from, specifier } of entries.specifiers) {
      byPlace.set(from, [...(byPlace.get(from) ?? []), specifier]);
    }
    return Array.from(byPlace, ([module, specifiers]) => ({
      module,
      hash: "",
      modifiedAt: 0,
      ...this.#follow(specifiers, this.#pathOf(module)),
    }));
  }

  #read(path: string): SourceFile | undefined {
    if (!this.#files.has(path)) this.#files.set(path, this.#readAnew(path));
    return this.#files.get(path);
  }

  #readAnew(path: string): SourceFile | undefined {
    const module = moduleOfPath(this.#root, path);
    if (module === undefined) return undefined;
    let content: Buffer;
    let modifiedAt: number;
    try {
      content = readFileSync(path);
      modifiedAt = statSync(path).mtimeMs;
    } catch {
      // Deleted since it was loaded: there is nothing to compare.
      return undefined;
    }
    const isFollowed = SOURCE.test(path) && !isInPackage(path);
    const specifiers = isFollowed ? importedSpecifiers(content.toString("utf8")) : [];
    return { module, hash: contentHash(content), modifiedAt, ...this.#follow(specifiers, path) };
  }

  #follow(specifiers: readonly string[], from: string): Followed {
    const folder = dirname(from);
    const imports: string[] = [];
    const packages: Record<string, string> = {};
    for (const specifier of specifiers) {
      if (isOfEveryWorker(specifier)) continue;
      const name = packageOf(specifier);
      if (name !== undefined) {
        const version = remembered(this.#versions, `${folder} ${name}`, () => installedVersion(name, folder));
        if (version !== undefined) packages[name] = version;
      } else if (/^\.{0,2}\//.test(specifier)) {
        const target = resolve(folder, specifier.replace(/[?#].*$/, ""));
        const path = remembered(this.#targets, target, () => firstFile(target));
        if (path !== undefined) imports.push(path);
      }
    }
    return { imports, packages };
  }

  #pathOf(module: string): string {
    const { path } = pathOfModule(this.#root, module);
    return realPath(path) ?? path;
  }
}

function remembered<Value>(known: Map<string, Value>, key: string, find: () => Value): Value | undefined {
  if (!known.has(key)) known.set(key, find());
  return known.get(key);
}

/** Files of packages are told apart by the version of the package. */
function isInPackage(path: string): boolean {
  return path.split(sep).includes("node_modules");
}

function firstFile(path: string): string | undefined {
  for (const candidate of candidatePaths(path)) {
    if (statSync(candidate, { throwIfNoEntry: false })?.isFile() === true) return realPath(candidate);
  }
  return undefined;
}
