import { networkInterfaces } from "node:os";
import type { NetworkInterfaceInfo } from "node:os";
import type { RendezvousAddress } from "../../cluster/cluster-manager.js";
import { ClusterManagerError } from "../../errors.js";
import { MANAGER_NAME } from "./ecs-errors.js";
import { isRecord } from "../../util/option-checks.js";
import type { RendezvousSettings } from "./ecs-network-settings.js";
import { pause } from "./ecs-wait.js";

/** Where this process is, as far as it matters for the address that tasks dial. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Host of the ECS endpoint. */
  readonly endpointHost: string | undefined;
  readonly interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;
  /** This task's own address, if this process runs as an ECS task in network mode awsvpc. */
  readonly taskAddress: string | undefined;
}

/**
 * The address of the rendezvous. In this order: the option, `ROLLCALL_ADVERTISE_HOST`, loopback if the ECS endpoint
 * is on loopback (its tasks then run on this machine), this task's own address, the first interface that others
 * could reach.
 */
export function chooseAddress(options: RendezvousSettings, around: Surroundings): RendezvousAddress {
  const set = options.host ?? nonEmpty(around.environment["ROLLCALL_ADVERTISE_HOST"]);
  const onLoopback = around.endpointHost !== undefined && isLoopback(around.endpointHost);
  const advertiseHost =
    set ?? (onLoopback ? "127.0.0.1" : (around.taskAddress ?? firstReachable(around.interfaces)));
  if (advertiseHost === undefined) {
    throw new ClusterManagerError(
      "this machine has no network address that ECS tasks could dial; set rendezvous.host of ECSManager, or " +
        "ROLLCALL_ADVERTISE_HOST, to one that leads here",
      MANAGER_NAME,
    );
  }
  return {
    advertiseHost,
    bindHost: options.bindHost ?? bindHostFor(advertiseHost),
    ports: options.ports,
  };
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === "" ? undefined : value.trim();
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host.startsWith("127.") || /^\[?::1\]?$/.test(host);
}

/** All interfaces, as the advertised name may lead to any of them; but never more than loopback for loopback. */
function bindHostFor(advertiseHost: string): string {
  const isV6 = advertiseHost.includes(":");
  if (isLoopback(advertiseHost)) return isV6 ? "::1" : "127.0.0.1";
  return isV6 ? "::" : "0.0.0.0";
}

/** Bridges and virtual cables of container engines: their addresses mean something on this machine only. */
const INTERNAL_INTERFACE = /^(lo|docker|br-|veth|cni|flannel|virbr|podman|lxc|ecs-)/;

/** An IPv4 address, or on a machine without one an IPv6 address. */
function firstReachable(interfaces: Surroundings["interfaces"]): string | undefined {
  const addresses = Object.entries(interfaces)
    .filter(([name]) => !INTERNAL_INTERFACE.test(name))
    .flatMap(([, found]) => found ?? [])
    .filter(({ internal, address }) => !internal && !isLinkLocal(address));
  return (addresses.find(({ family }) => family === "IPv4") ?? addresses[0])?.address;
}

/** On EC2 a task in awsvpc mode also has such an address, for the metadata endpoint alone. */
function isLinkLocal(address: string): boolean {
  return address.startsWith("169.254.") || /^fe[89ab]/i.test(address);
}

/** Finds out where this process is. */
export async function lookAround(
  endpointHost: string | undefined,
  signal: AbortSignal,
): Promise<Surroundings> {
  return {
    environment: process.env,
    endpointHost,
    interfaces: networkInterfaces(),
    taskAddress: await ownTaskAddress(process.env["ECS_CONTAINER_METADATA_URI_V4"], signal),
  };
}

const METADATA_TRIES = 4;
const METADATA_MS = 1000;

/**
 * The address of this container from the task metadata endpoint v4; undefined outside ECS and in other network modes,
 * where that endpoint has none that others could use (Amazon ECS developer guide, "Task metadata endpoint version 4").
 */
async function ownTaskAddress(uri: string | undefined, signal: AbortSignal): Promise<string | undefined> {
  if (uri === undefined || uri === "") return undefined;
  for (let tries = 1; tries <= METADATA_TRIES && !signal.aborted; tries++) {
    try {
      const answer = await fetch(uri, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(METADATA_MS)]),
      });
      if (answer.ok) return awsvpcAddress(await answer.json());
      await answer.body?.cancel();
    } catch {
      // Not there, or too slow: the next try, or the next best address, is the answer.
    }
    // The agent limits requests for each instance; tasks that start together meet that limit together.
    await pause(100 * tries + Math.random() * 100, signal);
  }
  return undefined;
}

export function awsvpcAddress(container: unknown): string | undefined {
  return recordsIn(container, "Networks")
    .filter((network) => network["NetworkMode"] === "awsvpc")
    .flatMap((network) => [network["IPv4Addresses"], network["IPv6Addresses"]])
    .flat()
    .find(
      (address): address is string => typeof address === "string" && address !== "" && !isLinkLocal(address),
    );
}

function recordsIn(value: unknown, key: string): readonly Record<string, unknown>[] {
  const entries = isRecord(value) ? value[key] : undefined;
  return Array.isArray(entries) ? entries.filter(isRecord) : [];
}
