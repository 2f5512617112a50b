import { FunctionNotFoundError } from "../errors.js";
import { pathOfUrl, startOf } from "./function-description.js";
import type { FunctionLocation } from "./function-location.js";
import { realPath } from "./main-module.js";

/** The real path of the file in which a function stands; anything else than a file cannot be found by others. */
export function fileOfScript({ url }: FunctionLocation, subject: string): string {
  const path = pathOfUrl(url);
  const file = path && realPath(path);
  if (file !== undefined) return file;
  throw new FunctionNotFoundError(
    `${subject} ${explainScript(url, path)}, and a worker finds functions in files only; ` +
      `move it to a module file and export it there`,
  );
}

function explainScript(url: string, path: string | undefined): string {
  const name = path ?? url;
  if (url === "") return "was made by eval or new Function";
  if (/\[eval\d*\]$/.test(name)) return "was given to node on the command line or its standard input";
  if (name === "[stdin]") return "was given to node on its standard input";
  if (/^REPL\d+$/.test(name)) return "was typed into the REPL";
  if (path !== undefined) return `comes from ${path}, which is not there`;
  return `comes from ${startOf(url)}`;
}
