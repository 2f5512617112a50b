// Puts each program of a worker process, and what a program imports there (rollcall/worker), into one file: a worker that
// loads sixty small modules starts nearly twice as slowly. Takes the place of what the compiler wrote for these entry
// points; runs after it.
import { build } from "esbuild";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

async function bundle(entryPoints, allowed, external = []) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints,
    outdir: join(root, "dist", "worker"),
    allowOverwrite: true,
    bundle: true,
    packages: "external",
    external,
    platform: "node",
    format: "esm",
    target: "node20.19",
    charset: "utf8",
    sourcemap: true,
    metafile: true,
    logLevel: "warning",
  });
  // The direction of imports is checked on the compiler's output, which these files no longer are.
  const strangers = Object.keys(metafile.inputs).filter((input) => !allowed.test(input));
  if (strangers.length === 0) return;
  console.error(`bundle-worker: ${entryPoints.join(", ")} must not carry ${strangers.join(", ")}`);
  process.exitCode = 1;
}

await bundle(
  ["src/worker/main.ts", "src/worker/control-thread-main.ts", "src/worker/worker-group.ts"],
  /^src\/(worker|peers|calls|references|rpc|functions|transport|protocol|util)\/|^src\/errors\.ts$/,
  // Most workers are alone in their container, and need not load what starts others.
  ["./worker-group.js"],
);
await bundle(
  ["src/worker/index.ts"],
  /^src\/(calls|references|pool|rpc|functions|protocol|util)\/|^src\/worker\/(index|current-process|status)\.ts$|^src\/(any-process|errors|current-cluster|cluster-view|open-clusters)\.ts$/,
);
