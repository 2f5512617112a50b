import { inspectFunction } from "./function-inspector.js";
import { locateInspected, type InspectedLocation, type ScriptUrls } from "./function-location.js";
import { readScopes, type FunctionScope } from "./function-scopes.js";

/** Where a function stands, and the variables around it at one moment. */
export interface FunctionSnapshot {
  readonly location: InspectedLocation;
  readonly scopes: readonly FunctionScope[];
}

/**
 * What V8 knows of a function; undefined for functions without a script (native, bound, proxies). Throws if the
 * inspector cannot be used.
 */
export function snapshotFunction(fn: Function, scripts: ScriptUrls): FunctionSnapshot | undefined {
  return inspectFunction(fn, (session, objectId) => {
    const location = locateInspected(session, objectId, scripts);
    return location && { location, scopes: readScopes(session, objectId) };
  });
}
