/** What workers in containers are asked to do. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { currentCluster } from "#dist/worker/index.js";

const METADATA = "http://169.254.169.254/latest";
const SLOW_MS = 50;
const METADATA_MS = 2_000;
/** Of a TCP connection, in the kernel's list of them. */
const ESTABLISHED = "01";

export function square(value: number): number {
  return value * value;
}

/** So that a map over it is under way for a while. */
export async function slowSquare(value: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
  return value * value;
}

/** The same, but without an end where this process has the address. */
export async function slowSquareUnlessAt(item: {
  readonly value: number;
  readonly slowAt: string;
}): Promise<number> {
  if (ownAddresses().includes(item.slowAt)) await new Promise(() => {});
  return slowSquare(item.value);
}

/** What the instance's metadata service says, asked as version 2 has it. */
export async function instanceMetadata(name: string): Promise<string> {
  const signal = AbortSignal.timeout(METADATA_MS);
  const token = await fetch(`${METADATA}/api/token`, {
    method: "PUT",
    headers: { "X-aws-ec2-metadata-token-ttl-seconds": "60" },
    signal,
  });
  const answer = await fetch(`${METADATA}/meta-data/${name}`, {
    headers: { "X-aws-ec2-metadata-token": await token.text() },
    signal,
  });
  if (!answer.ok) throw new Error(`${name}: HTTP ${answer.status}`);
  return await answer.text();
}

/** The addresses of the network that this process sees, loopback left out. */
export function ownAddresses(): string[] {
  return Object.entries(networkInterfaces())
    .filter(([name]) => name !== "lo")
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(({ family }) => family === "IPv4")
    .map(({ address }) => address);
}

export function processId(): number {
  return process.pid;
}

/** Takes memory until somebody ends it. */
export function fillMemory(): never {
  for (const all: Buffer[] = []; ;) all.push(Buffer.alloc(1e6, 1));
}

export function environment(): Record<string, string | undefined> {
  return { ...process.env };
}

/** Returns at once, and writes a line many times a second from then on. */
export function writeForever(): void {
  setInterval(() => console.log("still here"), 20);
}

export function parentProcessId(): number {
  return process.ppid;
}

/** As the kernel ends it when memory runs out. */
export function endAtOnce(): void {
  process.kill(process.pid, "SIGKILL");
}

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
