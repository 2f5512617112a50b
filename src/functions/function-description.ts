import { findSourceMap } from "node:module";
import { fileURLToPath } from "node:url";
import type { FunctionLocation } from "./function-location.js";
import { moduleOfPath } from "./module-path.js";
import { realPath } from "./main-module.js";

const MAX_SOURCE = 40;

/** A function for people: its name, or else the beginning of its text, and where it stands if that is known. */
export function describeFunction(fn: Function, location?: FunctionLocation, root?: string): string {
  const name = fn.name === "" ? `\`${startOfSource(fn)}\`` : `function ${fn.name}`;
  const place = location && describePlace(location, root);
  return place === undefined ? name : `${name} (${place})`;
}

/** The text of a function from its first line on, cut short. */
function startOfSource(fn: Function): string {
  const source = Function.prototype.toString.call(fn).replaceAll(/\s+/g, " ");
  return source.length <= MAX_SOURCE ? source : `${source.slice(0, MAX_SOURCE)}...`;
}

function describePlace(location: FunctionLocation, root: string | undefined): string | undefined {
  if (location.url === "") return undefined;
  if (pathOfUrl(location.url) === undefined) return startOf(location.url);
  return `${describeFile(location.url, root)}:${sourceLine(location)}`;
}

/** A file URL as a path relative to the project root, where that is shorter. */
export function describeFile(url: string, root: string | undefined): string {
  const path = pathOfUrl(url) ?? url;
  const file = realPath(path) ?? path;
  const relative = root === undefined ? undefined : moduleOfPath(root, file);
  return relative === undefined || relative.startsWith("..") ? file : relative;
}

/** Undefined for what names no file of this machine. */
export function pathOfUrl(url: string): string | undefined {
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}

/** A loader such as tsx moves lines about, and says so in a source map if the process keeps them. */
function sourceLine({ url, line, column }: FunctionLocation): number {
  const entry = findSourceMap(url)?.findEntry(line - 1, column - 1);
  return entry !== undefined && "originalLine" in entry ? entry.originalLine + 1 : line;
}

/** The address of a script that is no file: a data URL can be very long. */
export function startOf(url: string): string {
  return url.length <= MAX_SOURCE ? url : `${url.slice(0, MAX_SOURCE)}...`;
}
