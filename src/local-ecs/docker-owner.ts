/**
 * Which process a container belongs to. The engine goes on when an endpoint's process dies, so the containers carry its
 * name, and the next endpoint on the same engine removes those whose process is gone.
 */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { isNotFound, type Docker } from "./docker-engine.js";

const OWNER_LABEL = "rollcall.local-ecs.owner";
const TASK_LABEL = "rollcall.local-ecs.task";

export function containerLabels(taskId: string): Record<string, string> {
  return { [OWNER_LABEL]: ownerName(process.pid), [TASK_LABEL]: taskId };
}

/** Removes the containers of endpoints of this host whose process is gone. Those of other hosts are left alone. */
export async function removeOrphans(engine: Docker): Promise<void> {
  const containers = await engine.listContainers({ all: true, filters: { label: [OWNER_LABEL] } });
  const orphans = containers.filter(({ Labels }) => isOrphan(Labels[OWNER_LABEL] ?? ""));
  await Promise.all(orphans.map(({ Id }) => removeContainer(engine, Id)));
}

/** Kills and removes it; one that is gone already is fine. */
export async function removeContainer(engine: Docker, id: string): Promise<void> {
  try {
    await engine.getContainer(id).remove({ force: true, v: true });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function isOrphan(owner: string): boolean {
  const [host, pid] = owner.split(" ");
  return host === hostname() && ownerName(Number(pid)) !== owner;
}

/** A process id may be given again, so the time of the start is part of the name where the system tells it. */
function ownerName(pid: number): string {
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
