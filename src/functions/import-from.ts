import { Script, constants } from "node:vm";

type Import = (specifier: string, options?: object) => Promise<object>;

/**
 * Compiles and evaluates a script whose stack traces and `import()` are those of the file with this URL, which need
 * not exist; its first line is line `line`. Imports go through the loaders of this process.
 */
export function evaluateAt(text: string, url: string, line = 1): unknown {
  announceImports();
  return compileAt(text, url, line).runInThisContext();
}

/** Imports what `specifier` names in the file of this URL, which need not be there itself. */
export function importFrom(
  url: string,
  specifier: string,
  attributes: Readonly<Record<string, string>>,
): Promise<object> {
  const importThere = evaluateAt("(specifier, options) => import(specifier, options)", url) as Import;
  const isPlain = Object.keys(attributes).length === 0;
  return isPlain ? importThere(specifier) : importThere(specifier, { with: attributes });
}

function compileAt(text: string, url: string, line: number): Script {
  return new Script(text, {
    filename: url,
    lineOffset: line - 1,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}

let isAnnounced = false;

/**
 * Node 20 to 26 calls the option for imports experimental, once, on standard error, at the first import. That output
 * belongs to the program, so the first import is one of ours, and what it announces is not shown.
 */
function announceImports(): void {
  if (isAnnounced) return;
  isAnnounced = true;
  const shown = Object.getOwnPropertyDescriptor(process, "emitWarning");
  process.emitWarning = () => {};
  try {
    const importing = compileAt(
      'import("node:process")',
      import.meta.url,
      1,
    ).runInThisContext() as Promise<object>;
    importing.catch(() => {});
  } finally {
    if (shown !== undefined) Object.defineProperty(process, "emitWarning", shown);
  }
}
