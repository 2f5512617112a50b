import type { Faults } from "../faults.js";
import type { LogStore } from "../log-store.js";
import type { LocalState, TaskDefinition } from "../state.js";
import type { TaskEffect } from "../task-lifecycle.js";
import type { JsonObject } from "../validation.js";

/** What an operation may use; it takes clock, ids and chance from here. */
export interface OperationContext {
  readonly state: LocalState;
  readonly logs: LogStore;
  readonly faults: Faults;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** 32 lower-case hexadecimal digits, unique. */
  readonly newId: () => string;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Why the launcher in use cannot run tasks of this definition; undefined if it can. */
  readonly whyUnsupported: (definition: TaskDefinition) => string | undefined;
}

export interface OperationResult {
  readonly response: JsonObject;
  /** To be performed once the answer is decided. */
  readonly effects?: readonly TaskEffect[];
}

/** One action of the API. Throws a `ServiceError` to refuse the request, before it has changed anything. */
export type Operation = (context: OperationContext, request: JsonObject) => OperationResult;
