import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Cluster, LocalManager } from "rollcall";
import type { Bench, Closers, Contender, Readings } from "./bench.js";
import { FixtureProcess } from "./fixture-process.js";
import { nothing } from "./fixtures/work.js";
import { percentile } from "./statistics.js";

const MESSAGE_BYTES = 64;

/** How long one call takes when nothing else is going on. */
export const oneCall: Bench = {
  name: "one-call",
  title: "A call that does nothing, one in flight",
  notes:
    "remoteCallFetch of an empty function on one worker, awaited before the next; against 64 bytes sent to another " +
    "Node process over TCP (noDelay) and back. Percentiles of one round, then the median of the rounds.",
  rounds: 15,
  figures: [
    { key: "p50", label: "p50", unit: "µs", isCompared: true },
    { key: "p99", label: "p99", unit: "µs", isCompared: true },
  ],
  async open({ isQuick }, closers) {
    const calls = isQuick ? 500 : 4_000;
    const cluster = new Cluster({ output: "ignore" });
    closers.add(() => cluster.close());
    await cluster.addProcs(new LocalManager(1));
    const pid = cluster.workers()[0]!;
    const pingPong = await PingPong.start(closers);
    return [
      timed("Rollcall", calls, () => cluster.remoteCallFetch(nothing, pid)),
      timed("bare TCP", calls, () => pingPong.roundTrip()),
    ];
  },
};

function timed(name: string, calls: number, call: () => Promise<unknown>): Contender {
  async function measure(): Promise<Readings> {
    const times = new Float64Array(calls);
    for (let index = 0; index < calls; index++) {
      const start = performance.now();
      await call();
      times[index] = (performance.now() - start) * 1_000;
    }
    times.sort();
    return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
  }
  return { name, measure };
}

class PingPong {
  readonly #socket: Socket;
  readonly #message = Buffer.alloc(MESSAGE_BYTES, 1);
  #missing = 0;
  #done: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.#missing -= bytes.length;
      if (this.#missing === 0) this.#done!();
    });
  }

  static async start(closers: Closers): Promise<PingPong> {
    const echo = new FixtureProcess("bare-echo.js", [], closers);
    const socket = connect({ port: (await echo.next()) as number, host: "127.0.0.1", noDelay: true });
    closers.add(() => socket.destroy());
    await once(socket, "connect");
    return new PingPong(socket);
  }

  roundTrip(): Promise<void> {
    this.#missing = MESSAGE_BYTES;
    this.#socket.write(this.#message);
    return new Promise((resolve) => (this.#done = resolve));
  }
}
