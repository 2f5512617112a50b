/**
 * Which process a container belongs to. An engine goes on when the process that used it dies, so its containers carry
 * the process's name, and the next one on the same engine removes those whose process is gone.
 */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { isNotFound, type Docker } from "./docker-engine.js";

/** The name of this process as the value of a label. */
export function ownerName(): string {
  return nameOf(process.pid);
}

/** Removes the containers whose owner, under this label, was a process of this host and is gone. */
export async function removeOrphans(engine: Docker, label: string): Promise<void> {
  const containers = await engine.listContainers({ all: true, filters: { label: [label] } });
  const orphans = containers.filter(({ Labels }) => isOrphan(Labels[label] ?? ""));
  await Promise.all(orphans.map(({ Id }) => removeContainer(engine, Id)));
}

/** Kills and removes it; one that is gone already, or is on its way, is fine. */
export async function removeContainer(engine: Docker, id: string): Promise<void> {
  try {
    await engine.getContainer(id).remove({ force: true, v: true });
  } catch (error) {
    const isBeingRemoved = (error as { statusCode?: unknown }).statusCode === 409;
    if (!isNotFound(error) && !isBeingRemoved) throw error;
  }
}

function isOrphan(owner: string): boolean {
  const [host, pid] = owner.split(" ");
  return host === hostname() && nameOf(Number(pid)) !== owner;
}

/** A process id may be given again, so the time of the start is part of the name where the system tells it. */
function nameOf(pid: number): string {
  return `${hostname()} ${pid} ${startTime(pid) ?? (isRunning(pid) ? "running" : "gone")}`;
}

function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // "pid (command) state ..." with the start as the 22nd field; the command may hold anything.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
