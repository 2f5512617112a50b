export { startLocalECS, type LocalContainerInstance, type LocalECS } from "./local-ecs.js";
export type { ContainerInstanceOptions, LocalECSOptions } from "./options.js";
export { Faults, type Fault } from "./faults.js";
export type { StopCode, TaskStatus } from "./state.js";
export type { ObservedTask, TaskOutput } from "./task-watch.js";
