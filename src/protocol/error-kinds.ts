/** Error classes that every engine has. The position in the table is the number on the wire; only ever appended. */
export const ERROR_KINDS = [
  "Error",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
  "AggregateError",
  "DOMException",
] as const;

export const KIND_DOM_EXCEPTION = 8;
export const KIND_AGGREGATE_ERROR = 7;

/** The parts of an error that have a place of their own on the wire; its other properties follow as they are. */
export const ERROR_PARTS: ReadonlySet<string> = new Set(["name", "message", "stack", "cause", "errors"]);

const CONSTRUCTORS = [
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
] as const satisfies readonly ErrorConstructor[];

/** The nearest built-in class of an error, also of one from another realm, which `instanceof` does not know. */
export function errorKindOf(error: Error): number {
  if (error instanceof DOMException) return KIND_DOM_EXCEPTION;
  if (error instanceof AggregateError) return KIND_AGGREGATE_ERROR;
  const derived = CONSTRUCTORS.findLastIndex((constructor) => error instanceof constructor);
  if (derived !== -1) return derived;
  const named = ERROR_KINDS.findIndex((name) => name === error.name);
  return named === -1 || named === KIND_DOM_EXCEPTION ? 0 : named;
}

/** An error of that class; what else it says is set afterwards, so that its parts can refer back to it. */
export function makeError(kind: number, message: string | undefined, name: string | undefined): Error {
  if (kind === KIND_DOM_EXCEPTION) return new DOMException(message, name);
  if (kind === KIND_AGGREGATE_ERROR) return new AggregateError([], message);
  return new (CONSTRUCTORS[kind] ?? Error)(message);
}
