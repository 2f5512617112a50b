import { Buffer } from "node:buffer";

/** Binary memory in one of its JavaScript forms. The position in the table is its number on the wire. */
export interface BinaryKind {
  readonly name: string;
  readonly elementBytes: number;
  /** Makes the object over `memory` without copying; offset and length fit and are multiples of `elementBytes`. */
  make(memory: ArrayBuffer, byteOffset: number, byteLength: number): ArrayBuffer | ArrayBufferView;
}

type TypedArrayConstructor = new (memory: ArrayBuffer, byteOffset: number, length: number) => ArrayBufferView;

function typedArray(name: string, elementBytes: number): BinaryKind {
  return {
    name,
    elementBytes,
    make: (memory, byteOffset, byteLength) => {
      // Looked up late: an engine may lack the younger ones.
      const constructor = Reflect.get(globalThis, name) as TypedArrayConstructor | undefined;
      if (constructor === undefined) throw new TypeError(`this version of Node has no ${name}`);
      return new constructor(memory, byteOffset, byteLength / elementBytes);
    },
  };
}

export const KIND_ARRAY_BUFFER = 0;
export const KIND_DATA_VIEW = 1;
export const KIND_BUFFER = 2;

/** Only ever appended. */
export const BINARY_KINDS: readonly BinaryKind[] = [
  { name: "ArrayBuffer", elementBytes: 1, make: (memory) => memory },
  { name: "DataView", elementBytes: 1, make: (memory, at, length) => new DataView(memory, at, length) },
  { name: "Buffer", elementBytes: 1, make: (memory, at, length) => Buffer.from(memory, at, length) },
  typedArray("Uint8Array", 1),
  typedArray("Uint8ClampedArray", 1),
  typedArray("Int8Array", 1),
  typedArray("Uint16Array", 2),
  typedArray("Int16Array", 2),
  typedArray("Uint32Array", 4),
  typedArray("Int32Array", 4),
  typedArray("Float32Array", 4),
  typedArray("Float64Array", 8),
  typedArray("BigUint64Array", 8),
  typedArray("BigInt64Array", 8),
  typedArray("Float16Array", 2),
];

const numbers = new Map(BINARY_KINDS.map((kind, number) => [kind.name, number]));
const typedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype) as object;

/** The number of a view's kind, or undefined for a kind of typed array that is younger than this table. */
export function binaryKindOf(view: ArrayBufferView): number | undefined {
  if (Buffer.isBuffer(view)) return KIND_BUFFER;
  // The getter reads the internal slot: a subclass or a renamed constructor does not mislead it.
  const name = Reflect.get(typedArrayPrototype, Symbol.toStringTag, view) as string | undefined;
  return name === undefined ? KIND_DATA_VIEW : numbers.get(name);
}
