export { ECSManager } from "./ecs-manager.js";
export type { ECSTaskDetails } from "./ecs-lifecycle.js";
export type {
  ECSContainerOverrides,
  ECSManagerOptions,
  ECSOtherContainerOverrides,
  ECSNetworkOptions,
  ECSOverrides,
  ECSRendezvousOptions,
  ECSTimeouts,
} from "./ecs-options.js";
