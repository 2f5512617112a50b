export { MemoryNetwork } from "../transport/memory.js";
export { MemoryManager, type MemoryDetails } from "./memory-manager.js";
export type { MemoryOptions, WorkerFate } from "./memory-options.js";
