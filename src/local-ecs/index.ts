export type { LaunchType } from "./capacity-provider.js";
export { startLocalECS, type LocalECS } from "./local-ecs.js";
export type { LocalContainerInstance, SpotNotice } from "./instance-control.js";
export type { ContainerInstanceOptions, DockerEngineOptions, LocalECSOptions } from "./options.js";
export { Faults, type Fault } from "./faults.js";
export type { StopCode, TaskStatus } from "./state.js";
export type { ObservedTask, TaskOutput } from "./task-watch.js";
