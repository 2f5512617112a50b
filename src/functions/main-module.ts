import { realpathSync } from "node:fs";
import { createRequire } from "node:module";

/**
 * The real path of the script this process (or worker thread) was started with; undefined under `node -e` and in
 * the REPL. Read afresh each time: process supervisors put the program's own script in its place after the start.
 */
export function mainModulePath(): string | undefined {
  const script = process.argv[1];
  if (script === undefined) return undefined;
  return resolveAsNodeDoes(script) ?? realPath(script);
}

/** `node .` and `node dist/main` name a folder, or a file without its extension. */
function resolveAsNodeDoes(script: string): string | undefined {
  try {
    return realPath(createRequire(import.meta.url).resolve(script));
  } catch {
    return undefined;
  }
}

/** Undefined if there is no such file. */
export function realPath(file: string): string | undefined {
  try {
    return realpathSync(file);
  } catch {
    return undefined;
  }
}
