import { RollcallError } from "../errors.js";

type ErrorClass = abstract new (...args: never[]) => Error;

/**
 * By name, and back. Kept on `globalThis`: a worker's program, which reads and writes errors, and the package, from which
 * the functions that it runs import, each have this module.
 */
interface ErrorClasses {
  readonly byName: Map<string, ErrorClass>;
  readonly names: WeakMap<object, string>;
}

const key = Symbol.for("rollcall.error-classes");
const holder = globalThis as { [key]?: ErrorClasses };
const classes = (holder[key] ??= { byName: new Map(), names: new WeakMap() });

/**
 * Lets errors of a class of your own arrive as that class, in the `cause` of a `RemoteError` and wherever else they travel,
 * on every process that has called this too: call it in the module that defines the class. What arrives has the class's
 * prototype and the fields of the error; its constructor does not run, so private fields (`#x`) are missing.
 *
 * Throws a `TypeError` for what is no class of errors, and an `Error` if another class has the name: `name` then tells
 * them apart, and must be the same on every process.
 *
 * @example
 * export class OutOfStock extends Error {
 *   constructor(readonly article: string) {
 *     super(`no ${article} is left`);
 *   }
 * }
 * shareErrorClass(OutOfStock);
 */
export function shareErrorClass(errorClass: ErrorClass, name: string = errorClass?.name): void {
  const prototype: unknown = typeof errorClass === "function" ? errorClass.prototype : undefined;
  if (!(prototype instanceof Error) || prototype instanceof RollcallError) {
    throw new TypeError("shareErrorClass needs a class of your own that extends Error");
  }
  if (typeof name !== "string" || name === "") {
    throw new TypeError(`shareErrorClass: the class has no name; give one as the second argument`);
  }
  const known = classes.byName.get(name);
  // A module may be loaded again, with a query behind its URL or by a tool that watches files: its newest class counts.
  if (known !== undefined && known !== errorClass && String(known) !== String(errorClass)) {
    throw new Error(
      `shareErrorClass: another class is known as ${name}; give this one a name as the second argument`,
    );
  }
  classes.byName.set(name, errorClass);
  classes.names.set(prototype, name);
}

/** The name under which the error's very class is shared; undefined if it is not. */
export function sharedNameOf(error: Error): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(error);
  return typeof prototype === "object" && prototype !== null ? classes.names.get(prototype) : undefined;
}

/** The prototype of the class that is shared under this name here; undefined if none is. */
export function sharedPrototype(name: string): object | undefined {
  return classes.byName.get(name)?.prototype as object | undefined;
}
