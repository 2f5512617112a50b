// Puts each program of a worker process into one file: a worker that loads sixty small modules starts nearly twice as
// slowly. Takes the place of what the compiler wrote for these two entry points; runs after it.
import { build } from "esbuild";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ["src/worker/main.ts", "src/worker/control-thread-main.ts"],
  outdir: join(root, "dist", "worker"),
  allowOverwrite: true,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20.19",
  charset: "utf8",
  sourcemap: true,
  metafile: true,
  logLevel: "warning",
});

// The direction of imports is checked on the compiler's output, which these two files no longer are.
const allowed = /^src\/(worker|rpc|functions|transport|protocol|util)\/|^src\/errors\.ts$/;
const strangers = Object.keys(metafile.inputs).filter((input) => !allowed.test(input));
if (strangers.length > 0) {
  console.error(`bundle-worker: a worker must not carry ${strangers.join(", ")}`);
  process.exit(1);
}
