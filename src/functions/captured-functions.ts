import type { ValueExtension } from "../protocol/value-extension.js";

/** Functions inside captured values, each an index among the functions that travel with it. */
export function functionExtension(
  indexOf: (fn: Function) => number,
  functionAt: (index: number) => Function,
): ValueExtension<Function> {
  return {
    tag: 1,
    matches: (value): value is Function => typeof value === "function",
    encode: indexOf,
    decode: (index) => functionAt(Number(index)),
  };
}

/** Objects inside captured values that travel beside them, in a way of their own, each an index among those. */
export function carriedExtension(isCarried: (value: object) => boolean, carried: object[]): ValueExtension {
  return {
    tag: 2,
    matches: (value): value is object => isCarried(value),
    encode: (value) => {
      const known = carried.indexOf(value);
      return known === -1 ? carried.push(value) - 1 : known;
    },
    decode: (index) => {
      const found = carried[Number(index)];
      if (found === undefined) throw new Error(`object ${String(index)} does not travel with the function`);
      return found;
    },
  };
}

/** The functions that a value holds, with the path that leads to each; those in getters and private fields are not found. */
export function* functionsInside(value: unknown, path: string): Generator<{ fn: Function; path: string }> {
  const visited = new Set<object>();
  const open: { value: unknown; path: string }[] = [{ value, path }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next.value === "function") yield { fn: next.value, path: next.path };
    if (typeof next.value !== "object" || next.value === null || visited.has(next.value)) continue;
    visited.add(next.value);
    for (const member of membersOf(next.value, next.path)) {
      if (isContainer(member.value)) open.push(member);
    }
  }
}

function* membersOf(value: object, path: string): Generator<{ value: unknown; path: string }> {
  if (ArrayBuffer.isView(value)) return;
  if (value instanceof Map) {
    for (const [key, item] of value as Map<unknown, unknown>) {
      yield { value: key, path: `${path}.keys()` };
      yield {
        value: item,
        path: `${path}.get(${typeof key === "string" ? JSON.stringify(key) : typeof key})`,
      };
    }
  } else if (value instanceof Set) {
    for (const item of value as Set<unknown>) yield { value: item, path: `${path}.values()` };
  }
  for (const key of Object.keys(value)) {
    const member: unknown = Object.getOwnPropertyDescriptor(value, key)?.value;
    yield { value: member, path: `${path}.${key}` };
  }
}

function isContainer(value: unknown): boolean {
  return typeof value === "function" || (typeof value === "object" && value !== null);
}
