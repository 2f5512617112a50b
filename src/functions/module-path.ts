import path from "node:path";

/** What a path may hold that would read as something else in a reference: `?` and `#` begin the suffix. */
const SPECIAL = /[%?#:]/g;
const ESCAPED = /%(25|3F|23|3A)/g;

/** How paths are written on a system; the one of this process unless a test says otherwise. */
type PathStyle = Pick<typeof path, "relative" | "resolve" | "isAbsolute" | "sep">;

/**
 * A file as a reference names it: relative to the project root, with `/` on every system; `suffix` is the query and
 * fragment it was loaded with. Undefined if no relative path leads there (another drive).
 */
export function moduleOfPath(
  root: string,
  file: string,
  suffix = "",
  style: PathStyle = path,
): string | undefined {
  const relative = style.relative(root, file);
  if (style.isAbsolute(relative)) return undefined;
  const portable = relative
    .split(style.sep)
    .join("/")
    .replaceAll(SPECIAL, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  return portable + suffix;
}

/** The file that a reference names, under this process's project root. */
export function pathOfModule(
  root: string,
  module: string,
  style: PathStyle = path,
): { readonly path: string; readonly suffix: string } {
  const end = module.search(/[?#]/);
  const relative = (end === -1 ? module : module.slice(0, end)).replaceAll(ESCAPED, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  return { path: style.resolve(root, relative), suffix: end === -1 ? "" : module.slice(end) };
}
