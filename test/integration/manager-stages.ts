/** Where the workers of a program to be killed run: as its children, on an endpoint, or on an endpoint within itself. */
export type Platform = "local" | "ecs" | "embedded";

/** How far it goes before it says so: accepted by the platform, running, members, in a loop of minutes. */
export type Stage = "launched" | "started" | "joined" | "computing";

/** The environment variable by whose value the workers of one program are found, and nothing else is. */
export const MARK_VARIABLE = "TEST_MANAGER_MARK";
