/** What workers in containers are asked to do. It needs nothing but Node, as it is put into images of other projects too. */
import { networkInterfaces } from "node:os";

const METADATA = "http://169.254.169.254/latest";
const SLOW_MS = 50;
const METADATA_MS = 2_000;

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
