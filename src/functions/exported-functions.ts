/** Segments of the longest export path: `tables.metric.area`. */
const MAX_DEPTH = 3;
/** Values looked at in one module, so that an exported table of a million rows does not hold up a call. */
const MAX_VISITED = 10_000;
/** Node gives the namespace of a CommonJS module this extra name for its whole `module.exports`. */
const COMMONJS_NAME = "module.exports";

export interface ExportedFunction {
  readonly path: string;
  readonly fn: Function;
}

/**
 * The functions that can be reached from a module's namespace, nearest first: its exports, `default` the last of
 * them, then static methods of exported classes and members of exported plain objects and arrays.
 */
export function* exportedFunctions(namespace: object): Generator<ExportedFunction> {
  let level = exportsOf(namespace);
  let visited = 0;
  for (let depth = 1; depth <= MAX_DEPTH && level.length > 0; depth += 1) {
    const next: Entry[] = [];
    for (const [path, value] of level) {
      if ((visited += 1) > MAX_VISITED) return;
      if (typeof value === "function") yield { path, fn: value };
      if (depth === MAX_DEPTH || next.length > MAX_VISITED) continue;
      for (const member of membersOf(path, value)) next.push(member);
    }
    level = next;
  }
}

type Entry = readonly [path: string, value: unknown];

function exportsOf(namespace: object): Entry[] {
  const names = Object.keys(namespace).filter((name) => name !== "default" && name !== COMMONJS_NAME);
  return [...names, "default"].flatMap((name) => {
    const value = read(namespace, name);
    return value === undefined ? [] : [[name, value] as const];
  });
}

/** Own data properties only: a getter inside somebody's object is not ours to run. */
function membersOf(path: string, value: unknown): Entry[] {
  if (!isContainer(value) || (Array.isArray(value) && value.length > MAX_VISITED)) return [];
  return Object.getOwnPropertyNames(value).flatMap((key) => {
    const member: unknown = Object.getOwnPropertyDescriptor(value, key)?.value;
    const isPrototype = typeof value === "function" && key === "prototype";
    return !isPrototype && isContainer(member) ? [[`${path}.${key}`, member] as const] : [];
  });
}

/** Functions are containers too: classes have static methods. */
function isContainer(value: unknown): value is object {
  if (typeof value === "function" || Array.isArray(value)) return true;
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** Undefined also for an export that has no value yet, in a module that is still being evaluated. */
function read(holder: object, name: string): unknown {
  try {
    return Reflect.get(holder, name);
  } catch {
    return undefined;
  }
}

/** The path of this very function among a module's exports; one that `exportAt` follows back to it. */
export function exportPathOf(namespace: object, fn: Function): string | undefined {
  for (const exported of exportedFunctions(namespace)) {
    if (exported.fn === fn && exportAt(namespace, exported.path) === fn) return exported.path;
  }
  return undefined;
}

/**
 * The value an export path leads to; undefined if it leads nowhere. A CommonJS module keeps part of its exports in
 * `default` only, depending on how it is written, so a path is also followed from there.
 */
export function exportAt(namespace: object, path: string): unknown {
  const direct = valueAt(namespace, path);
  if (typeof direct === "function") return direct;
  const inDefault: unknown = valueAt(read(namespace, "default"), path);
  return typeof inDefault === "function" ? inDefault : direct;
}

function valueAt(root: unknown, path: string): unknown {
  const whole = ownValue(root, path);
  if (whole !== undefined) return whole;
  let value = root;
  for (const key of path.split(".")) value = ownValue(value, key);
  return value;
}

function ownValue(holder: unknown, key: string): unknown {
  const canHold = (typeof holder === "object" && holder !== null) || typeof holder === "function";
  return canHold && Object.hasOwn(holder, key) ? read(holder, key) : undefined;
}
