import { pathToFileURL } from "node:url";
import type { Esbuild } from "./esbuild.js";

export interface CompiledFile {
  /** JavaScript, still importing what its source imports. */
  readonly text: string;
  /** For the end of the text: a source map that leads to the file on this machine. */
  readonly mapComment: string;
}

/** Files that must be CommonJS on the worker, and the others, which keep the module system that they are written for. */
export interface ToCompile {
  readonly path: string;
  readonly isCommonJS: boolean;
}

/** Makes JavaScript of these files, each by itself, with the options of its tsconfig.json. */
export async function compileFiles(
  esbuild: typeof Esbuild,
  files: readonly ToCompile[],
): Promise<Map<string, CompiledFile>> {
  const compiled = new Map<string, CompiledFile>();
  for (const isCommonJS of [false, true]) {
    const group = files.filter((file) => file.isCommonJS === isCommonJS);
    if (group.length === 0) continue;
    const { outputFiles } = await esbuild.build({
      entryPoints: group.map(({ path }, index) => ({ in: path, out: String(index) })),
      outdir: "/rollcall-code",
      bundle: false,
      write: false,
      sourcemap: "external",
      sourcesContent: false,
      platform: "node",
      target: "node20.19",
      charset: "utf8",
      logLevel: "silent",
      ...(isCommonJS ? { format: "cjs" } : {}),
    });
    const texts = new Map(
      outputFiles.map((file) => [/[^\\/]+$/.exec(file.path)?.[0] ?? file.path, file.text] as const),
    );
    for (const [index, { path }] of group.entries()) {
      const map = JSON.parse(texts.get(`${index}.js.map`) ?? "{}") as object;
      const own = JSON.stringify({ ...map, sources: [pathToFileURL(path).href] });
      const encoded = Buffer.from(own).toString("base64");
      compiled.set(path, {
        text: texts.get(`${index}.js`) ?? "",
        mapComment: `//# sourceMappingURL=data:application/json;base64,${encoded}\n`,
      });
    }
  }
  return compiled;
}
