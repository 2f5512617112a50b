import { NETWORK_MODES, type NetworkMode } from "../../protocol/worker-variables.js";
import {
  isRecord,
  oneOf,
  onlyKnown,
  optional,
  plainObject,
  show,
  text,
  wholeNumber,
} from "../../util/option-checks.js";
import { ANY_PORT, isPortRange, type PortRange } from "../../util/port-range.js";
import type { ECSNetworkOptions, ECSRendezvousOptions } from "./ecs-options.js";

/** Where the rendezvous listens, checked. */
export interface RendezvousSettings {
  readonly host: string | undefined;
  readonly bindHost: string | undefined;
  readonly ports: PortRange;
}

/** How workers are reached, checked. */
export interface NetworkSettings {
  readonly mode: NetworkMode | undefined;
  readonly advertiseHost: string | undefined;
  readonly bindHost: string | undefined;
  readonly ports: PortRange | undefined;
  readonly containerPort: number | undefined;
}

export function rendezvousSettings(given: ECSRendezvousOptions): RendezvousSettings {
  onlyKnown("rendezvous", plainObject("rendezvous", given), ["host", "bindHost", "port"]);
  return {
    host: optional(given.host, (value) => host("rendezvous.host", value, `"10.0.1.7"`)),
    bindHost: optional(given.bindHost, (value) => host("rendezvous.bindHost", value, `"0.0.0.0"`)),
    ports: optional(given.port, rendezvousPorts) ?? ANY_PORT,
  };
}

const NETWORK_OPTIONS = ["mode", "advertiseHost", "bindHost", "ports", "containerPort"];

export function networkSettings(given: ECSNetworkOptions): NetworkSettings {
  onlyKnown("network", plainObject("network", given), NETWORK_OPTIONS);
  const settings: NetworkSettings = {
    mode: optional(given.mode, (value) => oneOf("network.mode", value, NETWORK_MODES)),
    advertiseHost: optional(given.advertiseHost, (value) =>
      host("network.advertiseHost", value, `"10.0.1.8"`),
    ),
    bindHost: optional(given.bindHost, (value) => host("network.bindHost", value, `"0.0.0.0"`)),
    ports: optional(given.ports, (value) => portRange("network.ports", value)),
    containerPort: optional(given.containerPort, (value) =>
      wholeNumber("network.containerPort", value, 1, 65_535),
    ),
  };
  if (settings.mode !== "reverse") return settings;
  for (const key of ["advertiseHost", "bindHost", "ports", "containerPort"] as const) {
    if (settings[key] === undefined) continue;
    throw new TypeError(
      `network.${key} has no meaning with network.mode "reverse": those workers open no port`,
    );
  }
  return settings;
}

function rendezvousPorts(value: number | PortRange): PortRange {
  if (isRecord(value)) return portRange("rendezvous.port", value);
  const port = wholeNumber("rendezvous.port", value, 0, 65_535);
  return { from: port, to: port };
}

function portRange(name: string, value: unknown): PortRange {
  const { from, to, ...others } = plainObject(name, value);
  onlyKnown(name, { ...others }, ["from", "to"]);
  const range = {
    from: wholeNumber(`${name}.from`, from, 1, 65_535),
    to: wholeNumber(`${name}.to`, to, 1, 65_535),
  };
  if (isPortRange(range)) return range;
  throw new RangeError(`${name}.from is ${show(from)} and ${name}.to is ${show(to)}; swap them`);
}

/** IPv6 addresses stand in brackets in a URL, and without them everywhere else. */
function host(name: string, value: unknown, example: string): string {
  return text(name, value, example).replace(/^\[(.*)\]$/, "$1");
}
