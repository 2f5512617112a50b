/**
 * What can be done to a fleet: links that are cut, lose packets or are slow; instances that are killed or about to be taken
 * back. It acts through the fleet's namespaces, so any program of root on this machine can use it, outside or inside.
 */
import type { FleetDescription } from "./fleet.js";
import type { FleetInstance } from "./instance.js";
import { readServed, writeServed } from "./instance-metadata.js";
import { killAll, processesBelowGroup, processesIn } from "./remove-fleet.js";
import { loadRules, run } from "./requirements.js";

/** A host of the fleet: the manager's, or an instance by its number from 1. */
export type FleetHost = "manager" | number;

const TABLE = "bridge trouble";
/** Of rate-limited links: how much may pass at once, and how long a packet waits at the most before it is dropped. */
const BURST_BYTES = 32_768;
const QUEUE_MS = 50;

export class FleetTrouble {
  readonly #cuts: (readonly [string, string])[] = [];
  #lostFraction = 0;

  constructor(private readonly fleet: FleetDescription) {}

  /** Nothing passes between the two hosts any more, in either direction, and neither is told. */
  cut(a: FleetHost, b: FleetHost): void {
    this.#cuts.push([this.#port(a), this.#port(b)]);
    this.#loadRules();
  }

  /** Each packet between hosts is lost with this probability. */
  losePackets(fraction: number): void {
    if (!(fraction >= 0 && fraction <= 1))
      throw new RangeError(`the fraction of lost packets must be from 0 to 1; it is ${fraction}`);
    this.#lostFraction = fraction;
    this.#loadRules();
  }

  /** No host receives more than this from the others. */
  limitRate(bitsPerSecond: number): void {
    const limit = `rate ${bitsPerSecond}bit burst ${BURST_BYTES} latency ${QUEUE_MS}ms`.split(" ");
    for (const port of this.#ports()) {
      const replace = ["qdisc", "replace", "dev", port, "root", "tbf"];
      run("tc", "-n", this.fleet.switchNamespace, ...replace, ...limit);
    }
  }

  /** All links are as they were at the start. What was killed stays so. */
  heal(): void {
    this.#cuts.length = 0;
    this.#lostFraction = 0;
    this.#loadRules();
    for (const port of this.#ports())
      if (this.#hasRateLimit(port))
        run("tc", "-n", this.fleet.switchNamespace, "qdisc", "delete", "dev", port, "root");
  }

  /** The instance is gone from one moment to the next: its link is dead, and then its engine and all containers too. */
  async killInstance(number: number): Promise<void> {
    const { port, namespace, metadataNamespace, cgroup } = this.#instance(number);
    run("ip", "-n", this.fleet.switchNamespace, "link", "set", port, "down");
    await killAll(() => [
      ...processesIn(namespace),
      ...processesIn(metadataNamespace),
      ...processesBelowGroup(cgroup),
    ]);
  }

  /** Sets a document of the instance's metadata by its path below `/latest/meta-data/`; undefined takes it away. */
  setMetadata(number: number, name: string, value: string | undefined): void {
    const { metadataFile } = this.#instance(number);
    const served = readServed(metadataFile);
    const { [`meta-data/${name}`]: _old, ...others } = served.documents;
    const documents = value === undefined ? others : { ...others, [`meta-data/${name}`]: value };
    writeServed(metadataFile, { ...served, documents });
  }

  /** The notice of a Spot interruption (EC2 User Guide, "Spot Instance interruption notices"): two minutes ahead. */
  announceSpotInterruption(number: number, noticeMs = 120_000): void {
    const time = new Date(Date.now() + noticeMs).toISOString().replace(/\.\d+Z$/, "Z");
    this.setMetadata(number, "spot/instance-action", JSON.stringify({ action: "terminate", time }));
    this.setMetadata(number, "spot/termination-time", time);
  }

  #loadRules(): void {
    const cuts = this.#cuts.flatMap(([a, b]) => [
      `iifname "${a}" oifname "${b}" drop`,
      `iifname "${b}" oifname "${a}" drop`,
    ]);
    const lost = Math.round(this.#lostFraction * 1_000_000);
    const loss = lost === 0 ? [] : [`numgen random mod 1000000 < ${lost} drop`];
    // Declared first, so that there is one to delete.
    loadRules(
      this.fleet.switchNamespace,
      `table ${TABLE} {}
      delete table ${TABLE}
      table ${TABLE} {
        chain forward {
          type filter hook forward priority 0
          ${[...cuts, ...loss].join("\n")}
        }
      }`,
    );
  }

  #hasRateLimit(port: string): boolean {
    return run("tc", "-n", this.fleet.switchNamespace, "qdisc", "show", "dev", port).includes("qdisc tbf");
  }

  #ports(): string[] {
    return ["manager", ...this.fleet.instances.map(({ port }) => port)];
  }

  #port(host: FleetHost): string {
    return host === "manager" ? host : this.#instance(host).port;
  }

  #instance(number: number): FleetInstance {
    const instance = this.fleet.instances[number - 1];
    if (instance === undefined)
      throw new RangeError(`the fleet has instances 1 to ${this.fleet.instances.length}; ${number} is none`);
    return instance;
  }
}
