import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { temporaryProject } from "../functions/temporary-project.js";

const rollcall = dirname(dirname(fileURLToPath(import.meta.resolve("#dist/index.js"))));
const tsx = import.meta.resolve("tsx");

/** The beginning of each program: `start(workerRoot, options)` gives a cluster with workers whose project is in another place. */
const START = `
  import { Cluster, LocalManager } from "rollcall";
  class Elsewhere extends LocalManager {
    constructor(root, options) { super(options); this.root = root; }
    async *launch(request, onOutput) { yield* super.launch({ ...request, projectRoot: this.root }, onOutput); }
  }
  export const manager = (root, options) => new Elsewhere(root, { workers: 1, execArgv: [], ...options });
  export async function start(root, code, options = {}) {
    const cluster = new Cluster({ code });
    await cluster.addProcs(manager(root, options));
    return cluster;
  }
  export const failure = (promise) => promise.then(() => "no failure", (error) => error.name + ": " + error.message);
`;

type Files = Readonly<Record<string, string>>;

/** A project with Rollcall installed, as a link to this one. Further files may stand in its \`node_modules\`. */
export function codeProject(context: TestContext, files: Files): string {
  const root = temporaryProject(context, { ...files, "start.mjs": START });
  mkdirSync(join(root, "node_modules"), { recursive: true });
  symlinkSync(rollcall, join(root, "node_modules", "rollcall"), "junction");
  return root;
}

/** Puts a copy of Rollcall in the place of the link, from which esbuild cannot be found. */
export function codeProjectWithoutEsbuild(context: TestContext, files: Files): string {
  const root = temporaryProject(context, { ...files, "start.mjs": START });
  const modules = join(root, "node_modules");
  cpSync(join(rollcall, "dist"), join(modules, "rollcall", "dist"), { recursive: true });
  cpSync(join(rollcall, "package.json"), join(modules, "rollcall", "package.json"));
  for (const name of Object.keys(
    (JSON.parse(readFileSync(join(rollcall, "package.json"), "utf8")) as { dependencies: object })
      .dependencies,
  )) {
    symlinkSync(join(rollcall, "node_modules", name), join(modules, name), "junction");
  }
  return root;
}

export interface Ran {
  /** What it printed, each line read as JSON. */
  readonly printed: readonly unknown[];
  readonly stderr: string;
}

/** Runs a file of the project to its end, with \`args\`; TypeScript through tsx. */
export async function runProject(root: string, file: string, ...args: readonly string[]): Promise<Ran> {
  const loader = /\.[cm]?ts$/.test(file) ? ["--import", tsx] : [];
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [...loader, join(root, file), ...args],
    { cwd: root },
  );
  const lines = stdout.split("\n").filter((line) => line !== "");
  return { printed: lines.map((line): unknown => JSON.parse(line)), stderr };
}
