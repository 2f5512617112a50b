import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The version of a package as Node.js would find it from this folder; undefined if it is not there. */
export function installedVersion(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const text = readIfThere(join(folder, "node_modules", name, "package.json"));
    if (text !== undefined) return versionIn(text);
    if (dirname(folder) === folder) return undefined;
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function versionIn(packageJson: string): string {
  try {
    const { version } = JSON.parse(packageJson) as { version?: unknown };
    return typeof version === "string" ? version : "";
  } catch {
    return "";
  }
}
