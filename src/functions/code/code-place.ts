import { pathOfModule } from "../module-path.js";

/** Where this process has the code of a function. */
export interface CodePlace {
  /** The file of a module, which need not be there. */
  fileOf(module: string): string;
  /** What to import for a specifier that stands in a module: the specifier itself, or the URL of what it means. */
  specifierIn(module: string, specifier: string): string;
}

/** The project root of this process itself, where everything has its own name. */
export function placeInProject(root: string): CodePlace {
  return {
    fileOf: (module) => pathOfModule(root, module).path,
    specifierIn: (_module, specifier) => specifier,
  };
}
