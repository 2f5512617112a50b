import type { FunctionReference } from "../functions/function-reference.js";
import type { AnyFunction } from "./call-server.js";

/**
 * A function of Rollcall's own, which every process has: what works on references and streams. It is called like those of
 * the program, so that limits, errors and answers are the same, and never mistaken for one of them.
 */
export interface InternalFunction {
  readonly kind: "internal";
  readonly name: string;
}

/** What a call may name. */
export type CallReference = FunctionReference | InternalFunction;

/** The internal functions of a process, by name. */
export type InternalFunctions = ReadonlyMap<string, AnyFunction>;

export function isInternal(reference: CallReference): reference is InternalFunction {
  return "kind" in reference && reference.kind === "internal";
}
