/** What workers in containers are asked to ask each other. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { currentCluster } from "#dist/worker/index.js";

/** Of a TCP connection, in the kernel's list of them. */
const ESTABLISHED = "01";

export interface PeersCalled {
  /** What each other worker said, in ascending order of pids: its pid, and who asked it. */
  readonly answers: readonly (readonly [pid: number, asker: number])[];
  /** The far ends, as `address:port`, of the TCP connections that this process holds then. */
  readonly farEnds: readonly string[];
}

/** Calls every other worker, from this one. */
export async function callPeers(): Promise<PeersCalled> {
  const cluster = currentCluster();
  const asker = cluster.myId();
  const answers = await Promise.all(
    cluster.otherWorkers().map((pid) => cluster.remoteCallFetch(answerPeer, pid, asker)),
  );
  return { answers, farEnds: farEnds() };
}

export function answerPeer(asker: number): readonly [pid: number, asker: number] {
  return [currentCluster().myId(), asker];
}

/** Of the kernel's list, which is that of the whole network namespace, only what is open in this process. */
function farEnds(): string[] {
  const own = new Set(readdirSync("/proc/self/fd").map(socketOf));
  return readFileSync("/proc/self/net/tcp", "utf8")
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === ESTABLISHED && own.has(inode))
    .map(([, , far = ""]) => {
      const [address = "", port = ""] = far.split(":");
      // The address is a number in the order of bytes of the machine, little-endian where there are fleets.
      return `${[...Buffer.from(address, "hex")].toReversed().join(".")}:${Number.parseInt(port, 16)}`;
    });
}

/** The inode of a descriptor that is a socket. */
function socketOf(descriptor: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${descriptor}`))?.[1];
  } catch {
    // That with which the folder was read is closed again.
    return undefined;
  }
}
