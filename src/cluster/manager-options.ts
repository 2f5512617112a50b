/** Options that several cluster managers have in common. */
import { milliseconds, onlyKnown, plainObject, show } from "../util/option-checks.js";
import type { LaunchTimeouts } from "./cluster-manager.js";

/** Throws a `TypeError` or `RangeError` that names the limit. */
export function checkLaunchTimeouts(
  given: Partial<LaunchTimeouts>,
  defaults: LaunchTimeouts,
): LaunchTimeouts {
  onlyKnown("timeouts", plainObject("timeouts", given), Object.keys(defaults));
  const limit = (key: keyof LaunchTimeouts): number =>
    milliseconds(`timeouts.${key}`, given[key] ?? defaults[key], 1);
  return { launchMs: limit("launchMs"), reportMs: limit("reportMs"), joinMs: limit("joinMs") };
}

/** Environment variables of workers. Throws a `TypeError` that names the one that is wrong. */
export function checkEnvironment(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(plainObject("env", env))) {
    if (name.startsWith("ROLLCALL_"))
      throw new TypeError(`env.${name}: names that begin with ROLLCALL_ are reserved; choose another`);
    if (typeof value !== "string") throw new TypeError(`env.${name} must be a string, not ${show(value)}`);
  }
  return { ...env };
}
