export { DockerManager, type DockerDetails } from "./docker-manager.js";
export type { DockerManagerOptions, DockerRendezvousOptions } from "./docker-options.js";
