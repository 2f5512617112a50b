import { realpathSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { pathOfModule } from "../module-path.js";
import { isOfEveryWorker, type CodeEntries, type SpecifierEntry } from "./code-entries.js";
import type { Esbuild } from "./esbuild.js";
import { packageOf } from "./source-imports.js";
import { isPackaged } from "./tree-path.js";

/** The files that some entries lead to, packages included. */
export interface Discovered {
  readonly files: ReadonlyMap<string, readonly Edge[]>;
  /** The file of each specifier entry that leads to one. */
  readonly specifiers: readonly {
    readonly from: string;
    readonly specifier: string;
    readonly path: string;
  }[];
}

/** An import: the specifier as it is written, and the file to which it leads. */
export interface Edge {
  readonly specifier: string;
  readonly path: string;
}

export interface DiscoveryOptions {
  readonly root: string;
  /** Packages that the worker has itself. */
  readonly external: readonly string[];
}

/** What loads native code from a place that it finds out by itself. */
const NATIVE_LOADERS = new Set([
  "bindings",
  "node-gyp-build",
  "node-gyp-build-optional-packages",
  "@mapbox/node-pre-gyp",
  "node-pre-gyp",
  "pkg-prebuilds",
]);
const ENTRIES_FILE = "rollcall-entries.js";
const ENTRY = "rollcall-entry:";
/** Marks our own question to esbuild's resolver, which comes by here again. */
const OURS = Symbol("rollcall");

/**
 * Follows all imports, static ones and those of `import()` and `require` that can be read, as esbuild does when it
 * bundles, with the conditions that Node.js has. Rejects with an `Error` that names the file if one of the program's own
 * imports leads nowhere, or if a package brings native code.
 */
export async function discover(
  esbuild: typeof Esbuild,
  entries: CodeEntries,
  paths: readonly string[],
  options: DiscoveryOptions,
): Promise<Discovered> {
  const resolver = new Resolver(entries, paths, options);
  const { metafile } = await esbuild.build({
    absWorkingDir: options.root,
    stdin: { contents: resolver.text, resolveDir: options.root, sourcefile: ENTRIES_FILE },
    bundle: true,
    write: false,
    metafile: true,
    outdir: "rollcall-code",
    platform: "node",
    format: "esm",
    target: "esnext",
    conditions: [],
    mainFields: ["main"],
    loader: { ".wasm": "empty", ".txt": "empty", ".css": "empty", ".html": "empty" },
    logLevel: "silent",
    plugins: [{ name: "rollcall", setup: (build) => resolver.attach(build) }],
  });
  return resolver.read(metafile);
}

class Resolver {
  readonly #entries: CodeEntries;
  readonly #paths: readonly string[];
  readonly #options: DiscoveryOptions;

  constructor(entries: CodeEntries, paths: readonly string[], options: DiscoveryOptions) {
    this.#entries = entries;
    this.#paths = paths;
    this.#options = options;
  }

  /** A module that imports every entry by its number. */
  get text(): string {
    const specifiers = this.#entries.specifiers.map(({ isRequired }, index) =>
      isRequired ? `require("${ENTRY}${index}");` : `import "${ENTRY}${index}";`,
    );
    return [...specifiers, ...this.#paths.map((path) => `import ${JSON.stringify(path)};`)].join("\n");
  }

  attach(build: Esbuild.PluginBuild): void {
    build.onResolve({ filter: /.*/ }, (args) =>
      args.pluginData === OURS ? undefined : this.#resolve(build, args),
    );
  }

  read({ inputs }: Esbuild.Metafile): Discovered {
    const { root } = this.#options;
    const files = new Map<string, Edge[]>();
    const specifiers: { from: string; specifier: string; path: string }[] = [];
    for (const [input, { imports }] of Object.entries(inputs)) {
      const edges = imports
        .filter(({ external, original }) => external !== true && original !== undefined)
        .map(({ path, original }) => ({ specifier: original!, path: resolve(root, path) }));
      if (input !== ENTRIES_FILE) files.set(resolve(root, input), edges);
      else {
        for (const { specifier, path } of edges) {
          const entry = this.#entryOf(specifier);
          if (entry !== undefined) specifiers.push({ from: entry.from, specifier: entry.specifier, path });
        }
      }
    }
    return { files, specifiers };
  }

  async #resolve(build: Esbuild.PluginBuild, args: Esbuild.OnResolveArgs): Promise<Esbuild.OnResolveResult> {
    const entry = this.#entryOf(args.path);
    const specifier = entry?.specifier ?? args.path;
    if (this.#isElsewhere(specifier)) return { path: specifier, external: true };
    const importer = entry === undefined ? args.importer : this.#pathOf(entry.from);
    if (NATIVE_LOADERS.has(specifier)) return refuseNative(specifier, importer);
    const found = await build.resolve(specifier, {
      importer,
      kind: args.kind,
      namespace: entry === undefined ? args.namespace : "file",
      resolveDir: entry === undefined ? args.resolveDir : dirname(importer),
      with: args.with,
      pluginData: OURS,
    });
    if (specifier.endsWith(".node") || found.path.endsWith(".node")) return refuseNative(specifier, importer);
    if (found.errors.length === 0) {
      return { path: found.path, namespace: found.namespace, external: found.external };
    }
    // Packages ask for others that need not be there; the program itself, and its closures, say what they need.
    const mayBeMissing = entry?.isOptional ?? isPackaged(importer);
    if (mayBeMissing || args.kind === "dynamic-import") return { path: specifier, external: true };
    return { errors: found.errors };
  }

  #entryOf(specifier: string): SpecifierEntry | undefined {
    if (!specifier.startsWith(ENTRY)) return undefined;
    return this.#entries.specifiers[Number(specifier.slice(ENTRY.length))];
  }

  /** Resolved by the worker: what it has of its own. */
  #isElsewhere(specifier: string): boolean {
    const name = packageOf(specifier);
    return isOfEveryWorker(specifier) || (name !== undefined && this.#options.external.includes(name));
  }

  #pathOf(module: string): string {
    const { path } = pathOfModule(this.#options.root, module);
    try {
      return realpathSync(path);
    } catch {
      return path;
    }
  }
}

function refuseNative(what: string, importer: string): Esbuild.OnResolveResult {
  const inPackage = /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/
    .exec(importer)?.[1]
    ?.replace("\\", "/");
  const who = inPackage === undefined ? importer : `package ${inPackage}`;
  const text =
    `${who} loads native code (${what}), which is made for one machine and cannot be sent; install it in the worker's ` +
    `image and name ${inPackage ?? "its package"} in the cluster's option code: { external: [...] }`;
  return { errors: [{ text }] };
}
