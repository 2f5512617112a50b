import type { Session } from "node:inspector";

/** The variables of one scope around a function, as they were when it was read. */
export interface FunctionScope {
  readonly isModule: boolean;
  readonly variables: ReadonlyMap<string, CapturedVariable>;
}

/** `isReady` is false for a `const`, `let` or class whose declaration has not run yet. */
export type CapturedVariable =
  { readonly isReady: true; readonly value: unknown } | { readonly isReady: false };

/** A variable around every function that was built from its source, by which those that it makes are known. */
export const REVIVED_SCOPE = "$rollcallRevived";

const RECEIVER = Symbol.for("rollcall.inspectedScope");
const HAND_OUT = `function () { globalThis[Symbol.for("${RECEIVER.description}")](this.object); }`;

/**
 * Scopes around the inspected function, from the innermost outwards, without the global one. V8 keeps only variables
 * that some function uses; those of this one are always among them.
 */
export function readScopes(session: Session, functionId: string): FunctionScope[] {
  const scopes: FunctionScope[] = [];
  for (const { description, objectId } of listScopes(session, functionId)) {
    if (description === "Global") continue;
    const variables = handOut(session, objectId);
    scopes.push({ isModule: description === "Module", variables: copyVariables(variables) });
  }
  return scopes;
}

function listScopes(session: Session, functionId: string): { description: string; objectId: string }[] {
  let listId: string | undefined;
  session.post("Runtime.getProperties", { objectId: functionId, ownProperties: true }, (error, answer) => {
    if (error) throw error;
    const internal = answer.internalProperties?.find((property) => property.name === "[[Scopes]]");
    listId = internal?.value?.objectId;
  });
  const scopes: { description: string; objectId: string }[] = [];
  if (listId === undefined) return scopes;
  session.post("Runtime.getProperties", { objectId: listId, ownProperties: true }, (error, answer) => {
    if (error) throw error;
    for (const { value } of answer.result) {
      if (value?.objectId === undefined) continue;
      scopes.push({ description: value.description ?? "", objectId: value.objectId });
    }
  });
  return scopes;
}

/** The protocol gives out no values, so V8 calls a function that does; the global object holds it for this moment. */
function handOut(session: Session, objectId: string): object {
  let received: object | undefined;
  Object.defineProperty(globalThis, RECEIVER, {
    value: (variables: object) => (received = variables),
    configurable: true,
  });
  try {
    session.post("Runtime.callFunctionOn", { objectId, functionDeclaration: HAND_OUT, silent: true });
  } finally {
    Reflect.deleteProperty(globalThis, RECEIVER);
  }
  return received ?? {};
}

function copyVariables(variables: object): Map<string, CapturedVariable> {
  const copy = new Map<string, CapturedVariable>();
  for (const name of Object.getOwnPropertyNames(variables)) {
    try {
      copy.set(name, { isReady: true, value: Reflect.get(variables, name) as unknown });
    } catch {
      copy.set(name, { isReady: false });
    }
  }
  return copy;
}
