import type { FunctionReference } from "../function-reference.js";
import { pathOfModule } from "../module-path.js";

/** Where this process has the code of a function. */
export interface CodePlace {
  /** The file of a module, which need not be there. */
  fileOf(module: string): string;
  /** What to import for a specifier that stands in a module: the specifier itself, or the URL of what it means. */
  specifierIn(module: string, specifier: string): string;
}

/** How a process that has been sent code names what it has: as the manager does. */
export interface CodeNames {
  /** The module of a file that was sent; undefined for all others. */
  moduleOf(file: string): string | undefined;
  /** A unit with which the function's code came here, and by which others can ask for it as well. */
  unitFor(reference: FunctionReference): string | undefined;
}

/** The project root of this process itself, where everything has its own name. */
export function placeInProject(root: string): CodePlace {
  return {
    fileOf: (module) => pathOfModule(root, module).path,
    specifierIn: (_module, specifier) => specifier,
  };
}
