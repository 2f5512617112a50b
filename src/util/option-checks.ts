import { LONGEST_TIMER_MS } from "./time-limit.js";

/** Checks of single option values. Each names the option as the user wrote it, the value, and what it takes. */

/** A value as it stands in a message: short, and never more than one line. */
export function show(value: unknown): string {
  if (typeof value === "string")
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
  if (value === null || ["number", "boolean", "undefined"].includes(typeof value)) return String(value);
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function plainObject(name: string, value: unknown): Record<string, unknown> {
  if (!isRecord(value)) throw new TypeError(`${name} must be an object, not ${show(value)}`);
  return value;
}

/** Throws for a property that is none of `known`, naming the nearest one. */
export function onlyKnown(name: string, value: object, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const near = known.find((candidate) => candidate.toLowerCase() === key.toLowerCase());
    const hint = near === undefined ? `it takes ${known.join(", ")}` : `did you mean ${near}?`;
    throw new TypeError(`${name}: there is no option ${show(key)}; ${hint}`);
  }
}

export function text(name: string, value: unknown, example: string): string {
  if (typeof value !== "string")
    throw new TypeError(`${name} must be a string such as ${example}, not ${show(value)}`);
  if (value.trim() === "")
    throw new RangeError(`${name} must not be empty; give ${example}, or leave it out`);
  return value;
}

/** An `AbortSignal`, as far as can be told: signals of other realms are welcome. */
export function abortSignal(name: string, value: unknown): AbortSignal {
  if (
    !isRecord(value) ||
    typeof value["aborted"] !== "boolean" ||
    typeof value["addEventListener"] !== "function"
  ) {
    throw new TypeError(`${name} must be an AbortSignal, not ${show(value)}`);
  }
  return value as unknown as AbortSignal;
}

/** Throws a `TypeError` that begins with `name`, the one who calls it. */
export function callable<Callable>(name: string, value: Callable): Callable {
  if (typeof value === "function") return value;
  throw new TypeError(`${name} needs a function, not ${show(value)}`);
}

export function flag(name: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw new TypeError(`${name} must be true or false, not ${show(value)}`);
  return value;
}

export function wholeNumber(name: string, value: unknown, min: number, max: number): number {
  if (typeof value !== "number") throw new TypeError(`${name} must be a number, not ${show(value)}`);
  if (!Number.isInteger(value) || value < min || value > max) {
    const upTo = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
    throw new RangeError(`${name} must be a whole number ${upTo}, not ${value}`);
  }
  return value;
}

/** A number from 0 to 1. */
export function fraction(name: string, value: unknown): number {
  if (typeof value !== "number") throw new TypeError(`${name} must be a number, not ${show(value)}`);
  if (!(value >= 0 && value <= 1)) throw new RangeError(`${name} must be from 0 to 1, not ${value}`);
  return value;
}

export function milliseconds(name: string, value: unknown, min: number): number {
  if (typeof value !== "number") {
    throw new TypeError(`${name} must be a number of milliseconds, not ${show(value)}`);
  }
  if (!Number.isFinite(value) || value < min || value > LONGEST_TIMER_MS) {
    throw new RangeError(`${name} must be ${min} to ${LONGEST_TIMER_MS} milliseconds, not ${value}`);
  }
  return value;
}

export function oneOf<Choice extends string>(
  name: string,
  value: unknown,
  choices: readonly Choice[],
): Choice {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw new TypeError(`${name} must be one of ${choices.join(", ")}, not ${show(value)}`);
}

/** A copy of the array. */
export function list<Item>(name: string, value: readonly Item[], most: number): Item[] {
  if (!Array.isArray(value)) throw new TypeError(`${name} must be an array, not ${show(value)}`);
  if (value.length > most) {
    throw new RangeError(`${name} has ${value.length} entries and takes at most ${most}`);
  }
  return [...value];
}

export function optional<Value, Result>(
  value: Value | undefined,
  check: (value: Value) => Result,
): Result | undefined {
  return value === undefined ? undefined : check(value);
}

/**
 * A copy of data that JSON can hold: strings, finite numbers, booleans, null, and arrays and plain objects of them.
 * Properties that are undefined count as left out.
 */
export function jsonData(name: string, value: unknown): unknown {
  checkJson(name, value, []);
  return JSON.parse(JSON.stringify(value));
}

function checkJson(name: string, value: unknown, around: readonly unknown[]): void {
  if (value === null || ["string", "boolean"].includes(typeof value) || Number.isFinite(value)) return;
  if (around.includes(value)) throw new TypeError(`${name} contains itself, which JSON cannot hold`);
  if (Array.isArray(value)) {
    value.forEach((item, index) => checkJson(`${name}[${index}]`, item, [...around, value]));
    return;
  }
  if (!isRecord(value) || !isPlain(value)) {
    const what = isRecord(value) ? "an object of a class" : show(value);
    throw new TypeError(`${name} must be data that JSON can hold, not ${what}`);
  }
  for (const [key, member] of Object.entries(value)) {
    if (member !== undefined) checkJson(`${name}.${key}`, member, [...around, value]);
  }
}

/** Objects of other realms are plain too. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
