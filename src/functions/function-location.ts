import type { Debugger, Session } from "node:inspector";
import { inspectFunction } from "./function-inspector.js";

/** Where the text of a function begins. Line and column count from 1, in the script as V8 runs it. */
export interface FunctionLocation {
  /** The name its script was loaded under: a `file:` or `node:` URL; empty if it has none, as after `eval`. */
  readonly url: string;
  readonly line: number;
  readonly column: number;
}

/** With V8's number for the script. */
export interface InspectedLocation extends FunctionLocation {
  readonly scriptId: string;
}

/** Script id to URL. V8 never gives an id twice, so what is once known stays true. */
export type ScriptUrls = Map<string, string>;

/**
 * Asks V8 where a function was defined; undefined for functions without a script (native, bound, proxies).
 * `scripts` carries what earlier calls learned: listing the scripts is by far the dearest step, and is taken only
 * for a script that is not in it. Throws if the inspector cannot be used.
 */
export function locateFunction(fn: Function, scripts: ScriptUrls = new Map()): FunctionLocation | undefined {
  return inspectFunction(fn, (session, objectId) => {
    const location = locateInspected(session, objectId, scripts);
    return location && { url: location.url, line: location.line, column: location.column };
  });
}

/** The same for a function that is being inspected. */
export function locateInspected(
  session: Session,
  objectId: string,
  scripts: ScriptUrls,
): InspectedLocation | undefined {
  const place = functionPlace(session, objectId);
  if (place === undefined) return undefined;
  const { scriptId } = place;
  if (!scripts.has(scriptId)) readScriptUrls(session, scripts);
  return {
    url: scripts.get(scriptId) ?? "",
    line: place.lineNumber + 1,
    column: (place.columnNumber ?? 0) + 1,
    scriptId,
  };
}

function functionPlace(session: Session, objectId: string): Debugger.Location | undefined {
  let place: Debugger.Location | undefined;
  session.post("Runtime.getProperties", { objectId, ownProperties: true }, (error, answer) => {
    if (error) throw error;
    const internal = answer.internalProperties?.find((property) => property.name === "[[FunctionLocation]]");
    place = internal?.value?.value;
  });
  return place;
}

/** V8 names its scripts only to a debugger, one event each, all of them before `Debugger.enable` returns. */
function readScriptUrls(session: Session, scripts: ScriptUrls): void {
  session.on("Debugger.scriptParsed", ({ params }) => {
    // `url` obeys a sourceURL comment in the text; `embedderName` is what Node itself loaded the script as.
    const url = "embedderName" in params ? String(params.embedderName) : params.url;
    if (url !== "") scripts.set(params.scriptId, url);
  });
  session.post("Debugger.enable");
  session.post("Debugger.disable");
}
