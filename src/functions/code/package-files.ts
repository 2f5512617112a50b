import { readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { packageOf } from "./source-imports.js";
import { treeFolder } from "./tree-path.js";

/** What Node.js reads of the packages around a file. Each folder is looked at once. */
export class PackageFiles {
  readonly #manifests = new Map<string, Promise<{ readonly type: unknown } | undefined>>();

  /** The package.json files that govern a file: the nearest one, and that of the package it belongs to. */
  async governing(file: string): Promise<string[]> {
    const found: string[] = [];
    for (let folder = dirname(file); ; folder = dirname(folder)) {
      if ((await this.#manifest(folder)) !== undefined) {
        found.push(join(folder, "package.json"));
        if (!folder.includes("node_modules") || isPackageRoot(folder)) return found;
      }
      if (dirname(folder) === folder || isPackageRoot(folder)) return found;
    }
  }

  /** The `type` of the nearest package.json. */
  async typeFor(file: string): Promise<unknown> {
    for (let folder = dirname(file); dirname(folder) !== folder; folder = dirname(folder)) {
      const manifest = await this.#manifest(folder);
      if (manifest !== undefined) return manifest.type;
    }
    return undefined;
  }

  /** The link behind which a file finds a package, in the tree; undefined where the package itself stands there. */
  async linkTo(
    specifier: string,
    from: string,
  ): Promise<readonly [path: string, target: string] | undefined> {
    const name = packageOf(specifier);
    if (name === undefined) return undefined;
    for (let folder = dirname(from); ; folder = dirname(folder)) {
      const place = join(folder, "node_modules", name);
      if (await isFolder(place)) {
        const target = await realpath(place);
        return target === place ? undefined : [treeFolder(place), treeFolder(target)];
      }
      if (dirname(folder) === folder) return undefined;
    }
  }

  #manifest(folder: string): Promise<{ readonly type: unknown } | undefined> {
    let reading = this.#manifests.get(folder);
    if (reading === undefined) {
      reading = readManifest(join(folder, "package.json"));
      this.#manifests.set(folder, reading);
    }
    return reading;
  }
}

async function readManifest(file: string): Promise<{ readonly type: unknown } | undefined> {
  try {
    const { type } = JSON.parse(await readFile(file, "utf8")) as { type?: unknown };
    return { type };
  } catch {
    return undefined;
  }
}

function isPackageRoot(folder: string): boolean {
  const above = dirname(folder);
  return (
    basename(above) === "node_modules" ||
    (basename(above).startsWith("@") && basename(dirname(above)) === "node_modules")
  );
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
