/** The name under which another process of the same project finds a function. */
export interface FunctionReference {
  /**
   * Where it is exported: a POSIX path relative to the project root (`src/work.js`, `../shared/work.js`), with the
   * query and fragment the module was loaded with; a module of Node's own (`node:path`); or `global:`.
   */
  readonly module: string;
  /** The export: `resize`, `default`, or dotted for what lies inside an export (`Geometry.area`). */
  readonly export: string;
  /** What to call it in logs and messages. */
  readonly name: string;
}

/** The `module` of functions that are found from `globalThis`: `Math.sqrt`, `parseInt`. */
export const GLOBAL_MODULE = "global:";
