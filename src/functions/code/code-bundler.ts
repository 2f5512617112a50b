import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import type { BundledFile, CodeBundle } from "../../protocol/code-messages.js";
import { realPath } from "../main-module.js";
import { moduleOfPath, pathOfModule } from "../module-path.js";
import { SourceParser } from "../source-parser.js";
import type { CodeEntries } from "./code-entries.js";
import { compileFiles, type CompiledFile } from "./compiled-files.js";
import { contentHash } from "./content-hash.js";
import { discover, type Discovered, type Edge } from "./discovery.js";
import { loadEsbuild, type Esbuild } from "./esbuild.js";
import { neighboursOf } from "./neighbours.js";
import { PackageFiles } from "./package-files.js";
import { rewriteNeighbours, rewriteSpecifiers } from "./rewritten-imports.js";
import { isCompiled, isPackaged, leadsTo, relativeSpecifier, treeFolder, treePath } from "./tree-path.js";

export interface CodeBundlerOptions {
  readonly root: string;
  /** Packages that the worker has itself. */
  readonly external: readonly string[];
  /** Where esbuild is. */
  readonly esbuildUrl: string;
}

const USES_COMMONJS = /\brequire\s*\(|\b__dirname\b|\b__filename\b|\bmodule\.exports\b/;

/**
 * Makes of the program's files what a worker without them can run: a tree of the same shape, file by file, so that a
 * module is one module there however many functions need it, and whenever they come. TypeScript is compiled; packages
 * go as they are, those of their files that something imports.
 */
export class CodeBundler {
  readonly #options: CodeBundlerOptions;
  readonly #packages = new PackageFiles();
  readonly #contents = new Map<string, Uint8Array>();
  /** By path. Each file is read once: a worker that has it never gets another version of it. */
  readonly #files = new Map<string, Omit<BundledFile, "needs">>();
  readonly #compiled = new Map<string, CompiledFile>();
  /** By path in the tree. */
  readonly #sources = new Map<string, string>();
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: CodeBundlerOptions) {
    this.#options = options;
  }

  /** One bundle at a time: they share most of their files. */
  bundle(entries: CodeEntries): Promise<CodeBundle> {
    const made = this.#running.then(() => this.#bundle(entries));
    this.#running = made.catch(() => {});
    return made;
  }

  contents(hashes: readonly string[]): Uint8Array[] {
    return hashes.map((hash) => {
      const content = this.#contents.get(hash);
      if (content === undefined) throw new Error(`no file of any bundle has the hash ${hash}`);
      return content;
    });
  }

  async #bundle(entries: CodeEntries): Promise<CodeBundle> {
    const { root, external } = this.#options;
    const esbuild = await loadEsbuild(this.#options.esbuildUrl);
    const discovered = await this.#discover(esbuild, entries);
    const edges = new Map<string, readonly Edge[]>(discovered.files);
    const links: Record<string, string> = {};
    const governing = new Map<string, readonly string[]>();
    for (const [path, imports] of discovered.files) {
      const manifests = await this.#packages.governing(path);
      governing.set(path, manifests);
      for (const manifest of manifests) if (!edges.has(manifest)) edges.set(manifest, []);
      for (const { specifier, path: target } of imports) {
        const link = isPackaged(target) ? await this.#packages.linkTo(specifier, path) : undefined;
        if (link !== undefined) links[link[0]] = link[1];
      }
    }
    for (const { from, specifier } of discovered.specifiers) {
      const link = await this.#packages.linkTo(specifier, pathOfModule(root, from).path);
      if (link !== undefined) links[link[0]] = link[1];
    }
    const paths = [...edges.keys()];
    const positions = new Map(paths.map((path, index) => [path, index] as const));
    const files: BundledFile[] = [];
    for (const [path, imports] of edges) {
      // A specifier that is computed may name the file as it is called here.
      if (treeFolder(path) !== treePath(path)) links[treeFolder(path)] = treePath(path);
      const needed = [...imports.map((edge) => edge.path), ...(governing.get(path) ?? [])];
      const needs = needed.flatMap((other) => positions.get(other) ?? []);
      files.push({ ...(await this.#file(path, imports)), needs });
    }
    return {
      root: treeFolder(root),
      files,
      links,
      external,
      specifiers: discovered.specifiers.flatMap(({ from, specifier, path }) => {
        const file = positions.get(path);
        return file === undefined ? [] : [{ from, specifier, file }];
      }),
    };
  }

  /** With the files that modules name by `new URL("./x", import.meta.url)`, and what those import in turn. */
  async #discover(esbuild: typeof Esbuild, entries: CodeEntries): Promise<Discovered> {
    const { root } = this.#options;
    const paths = entries.modules.map((module) => {
      const { path } = pathOfModule(root, module);
      return realPath(path) ?? path;
    });
    const assets = new Map<string, readonly Edge[]>();
    for (;;) {
      const discovered = await discover(esbuild, entries, paths, this.#options);
      await this.#compile(esbuild, [...discovered.files.keys()]);
      const known = paths.length;
      const files = new Map(discovered.files);
      for (const [path, edges] of discovered.files) {
        for (const neighbour of await neighboursOf(path, this.#compiled.get(path)?.text ?? "")) {
          if (isCompiled(neighbour.path) && !files.has(neighbour.path)) paths.push(neighbour.path);
          else if (!files.has(neighbour.path)) assets.set(neighbour.path, []);
          files.set(path, [...(files.get(path) ?? edges), neighbour]);
        }
      }
      if (paths.length === known) {
        for (const [path, none] of assets) if (!files.has(path)) files.set(path, none);
        return { files, specifiers: discovered.specifiers };
      }
    }
  }

  async #compile(esbuild: typeof Esbuild, paths: readonly string[]): Promise<void> {
    const files = await Promise.all(
      paths
        .filter((path) => isCompiled(path) && !this.#compiled.has(path))
        .map(async (path) => ({ path, isCommonJS: await this.#isCommonJS(path) })),
    );
    for (const [path, compiled] of await compileFiles(esbuild, files)) this.#compiled.set(path, compiled);
  }

  async #isCommonJS(path: string): Promise<boolean> {
    const extension = extname(path);
    if (extension === ".cts") return true;
    if (extension !== ".ts" && extension !== ".tsx" && extension !== ".jsx") return false;
    const type = await this.#packages.typeFor(path);
    if (type !== undefined) return type === "commonjs";
    // Neither the package nor the extension says it; loaders then give a file what it uses.
    const text = await readFile(path, "utf8");
    return USES_COMMONJS.test(text) && !text.includes("import.meta");
  }

  async #file(path: string, edges: readonly Edge[]): Promise<Omit<BundledFile, "needs">> {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const original = await readFile(path);
    const place = treePath(path);
    const other = this.#sources.get(place);
    if (other !== undefined) {
      throw new Error(`${other} and ${path} would be the same file on a worker; rename one of them`);
    }
    const compiled = this.#compiled.get(path);
    const content = compiled === undefined ? original : await finish(compiled, path, edges);
    const file = {
      path: place,
      module: moduleOfPath(this.#options.root, path) ?? place,
      source: contentHash(original),
      hash: contentHash(content),
      size: content.length,
      isMapped: compiled !== undefined,
    };
    this.#sources.set(place, path);
    this.#contents.set(file.hash, content);
    this.#files.set(path, file);
    return file;
  }
}

/** Gives specifiers that only esbuild understands, such as `./x.ts` or `@/x`, the name that Node.js finds. */
async function finish(
  { text, mapComment }: CompiledFile,
  path: string,
  edges: readonly Edge[],
): Promise<Uint8Array> {
  const replacements = new Map<string, string>();
  const from = treePath(path);
  for (const { specifier, path: target } of edges) {
    const isPackage = isPackaged(target) && !/^[.#]/.test(specifier);
    const to = treePath(target);
    if (!isPackage && !leadsTo(from, specifier, to)) replacements.set(specifier, relativeSpecifier(from, to));
  }
  const rewritten =
    replacements.size === 0
      ? text
      : rewriteNeighbours(rewriteSpecifiers(await SourceParser.load(), text, replacements), replacements);
  return Buffer.from(`${rewritten}${mapComment}`);
}
