/** Removes a fleet by its name, whoever started it and however that ended: there is one way to end a fleet. */
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { namespacePrefix } from "./network.js";
import { run } from "./requirements.js";

const CGROUPS = "/sys/fs/cgroup";
/** After SIGKILL; what is not gone by then is stuck in the kernel. */
const GONE_WITHIN_MS = 20_000;

/** Where a fleet keeps the files of its engines. */
export function fleetFolder(fleet: string): string {
  return `/var/lib/rollcall-fleet-${fleet}`;
}

/** The parent of the control groups of a fleet's containers, as Docker takes it; or of those of one instance. */
export function cgroupParent(fleet: string, instance?: string): string {
  return `/rollcall-fleet-${fleet}${instance === undefined ? "" : `/${instance}`}`;
}

/**
 * Kills every process in the namespaces and control groups of the fleet, all of which are its own, and removes these, its
 * mounts and its files. Does nothing where there is no such fleet.
 */
export async function removeFleet(fleet: string): Promise<void> {
  const namespaces = run("ip", "netns", "list")
    .split("\n")
    .map((line) => line.split(" ")[0] ?? "")
    .filter((name) => name.startsWith(namespacePrefix(fleet)));
  const groups = cgroupFolders(cgroupParent(fleet));
  const sockets = namespaces.flatMap((name) => shimSockets(processesIn(name)));
  await killAll(() => [
    ...namespaces.flatMap((name) => processesIn(name)),
    ...groups.flatMap((group) => processesBelow(group)),
  ]);
  for (const socket of sockets) rmSync(socket, { force: true });
  for (const mount of mountsBelow(fleetFolder(fleet))) run("umount", "--lazy", mount);
  for (const name of namespaces) run("ip", "netns", "delete", name);
  for (const group of groups) removeGroups(group);
  rmSync(fleetFolder(fleet), { recursive: true, force: true });
}

export function processesIn(namespace: string): number[] {
  return numbersIn(run("ip", "netns", "pids", namespace));
}

/** The sockets that containerd made outside of the fleet's folder, as the processes of their namespace see them. */
function shimSockets(pids: readonly number[]): string[] {
  const [pid] = pids;
  if (pid === undefined) return [];
  return [...readFileSync(`/proc/${pid}/net/unix`, "utf8").matchAll(/\/run\/containerd\/s\/\w+/g)].map(
    ([path]) => path,
  );
}

/** A group that was killed may fork meanwhile, so the list is read anew until it is empty. */
export async function killAll(list: () => readonly number[]): Promise<void> {
  const deadline = performance.now() + GONE_WITHIN_MS;
  for (let pids = list(); pids.length > 0; pids = list()) {
    if (performance.now() > deadline) throw new Error(`processes that cannot be killed: ${pids.join(", ")}`);
    for (const pid of pids) kill(pid);
    await delay(20);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    // It has ended in the meantime.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** All processes of a control group and of those below it. */
export function processesBelowGroup(parent: string): number[] {
  return cgroupFolders(parent).flatMap((folder) => processesBelow(folder));
}

/** The group in each hierarchy: one in version 2 of control groups, one for each controller in version 1. */
function cgroupFolders(parent: string): string[] {
  return ["", ...readdirSync(CGROUPS)]
    .map((hierarchy) => join(CGROUPS, hierarchy, parent))
    .filter((folder) => existsSync(folder));
}

function processesBelow(group: string): number[] {
  return subgroups(group).flatMap((folder) => numbersIn(readFileSync(join(folder, "cgroup.procs"), "utf8")));
}

function removeGroups(group: string): void {
  for (const folder of subgroups(group).toReversed()) rmdirSync(folder);
}

/** The group itself and all below it, parents first. */
function subgroups(group: string): string[] {
  const below = readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [group, ...below.flatMap(({ name }) => subgroups(join(group, name)))];
}

/** The innermost first. */
function mountsBelow(folder: string): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .flatMap((line) => line.split(" ")[4] ?? [])
    .filter((mount) => mount.startsWith(`${folder}/`))
    .toReversed();
}

function numbersIn(text: string): number[] {
  return [...text.matchAll(/\d+/g)].map(([digits]) => Number(digits));
}
