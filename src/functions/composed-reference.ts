import type { Composition } from "./compositions.js";
import type { ComposedFunction, FoundReference } from "./function-reference.js";

const known: Record<Composition, WeakMap<FoundReference, WeakMap<FoundReference, ComposedFunction>>> = {
  each: new WeakMap(),
  fold: new WeakMap(),
  run: new WeakMap(),
};

/** The composition of one or two functions; the same object each time, so that it crosses each connection once. */
export function composedReference(
  composition: Composition,
  first: FoundReference,
  second?: FoundReference,
): ComposedFunction {
  let ofFirst = known[composition].get(first);
  if (ofFirst === undefined) {
    ofFirst = new WeakMap();
    known[composition].set(first, ofFirst);
  }
  let made = ofFirst.get(second ?? first);
  if (made === undefined) {
    const functions = second === undefined ? [first] : [first, second];
    made = { kind: "composed", name: first.name, composition, functions };
    ofFirst.set(second ?? first, made);
  }
  return made;
}
