import type { InternalFunction } from "../rpc/internal-functions.js";

/** Which reference a request is about, who makes it, and under what number of that process's own. */
export type Subject = readonly [creator: number, number: number, caller: number, request: number];

/** What the owner of references can be asked to do. */
export const Operation = {
  change: internal("change"),
  passChange: internal("passChange"),
  withdraw: internal("withdraw"),
  makeFuture: internal("makeFuture"),
  fetch: internal("fetch"),
  wait: internal("wait"),
  isSettled: internal("isSettled"),
  set: internal("set"),
  makeChannel: internal("makeChannel"),
  bind: internal("bind"),
  put: internal("put"),
  putBack: internal("putBack"),
  take: internal("take"),
  peek: internal("peek"),
  waitForValue: internal("waitForValue"),
  isReady: internal("isReady"),
  size: internal("size"),
  isOpen: internal("isOpen"),
  close: internal("close"),
  pull: internal("pull"),
  spread: internal("spread"),
  giveCopy: internal("giveCopy"),
  forget: internal("forget"),
  flush: internal("flush"),
  count: internal("count"),
} as const;

export type OperationName = keyof typeof Operation;

function internal(name: string): InternalFunction {
  return { kind: "internal", name: `reference.${name}` };
}
