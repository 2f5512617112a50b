import { types } from "node:util";
import { BINARY_KINDS, binaryKindOf } from "./binary-kinds.js";

/** Why a buffer or view cannot travel, or undefined if it can. */
export function binaryRefusal(value: ArrayBuffer | ArrayBufferView): string | undefined {
  const memory = ArrayBuffer.isView(value) ? value.buffer : value;
  if (!types.isArrayBuffer(memory)) {
    return "is backed by a SharedArrayBuffer, and processes share no memory; send a copy, e.g. value.slice()";
  }
  if (ArrayBuffer.isView(value) && binaryKindOf(value) === undefined) {
    const names = BINARY_KINDS.map((kind) => kind.name).join(", ");
    return `is a view of a kind that has no wire form; those that have one are ${names}`;
  }
  return isDetached(memory)
    ? "is detached: its memory was transferred; send it before that, or a copy"
    : undefined;
}

function isDetached(memory: ArrayBuffer): boolean {
  try {
    return new Uint8Array(memory).length > memory.byteLength;
  } catch {
    // The only way to tell on engines without `ArrayBuffer.prototype.detached`.
    return true;
  }
}
