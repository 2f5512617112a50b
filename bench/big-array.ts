import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { Cluster, LocalManager } from "rollcall";
import type { Bench, Closers, Contender } from "./bench.js";
import { FixtureProcess } from "./fixture-process.js";
import { ends } from "./fixtures/work.js";

/** One write of the bare sender. Sizes from 256 kB to 1 MB are equally fast. */
const PIECE = 512 * 1024;
/** Pieces that wait in the bare sender's socket. */
const QUEUED = 4;

/** How fast a large typed array gets to a worker. */
export const bigArray: Bench = {
  name: "big-array",
  title: "A Float64Array of 100 MB to a worker, and its first number back",
  notes:
    "remoteCallFetch with the array (10 MB in a quick run) as its argument, against the same bytes over bare TCP, read straight into the " +
    "memory where they stay (onread). Every transfer of Rollcall and of `bare TCP` goes into memory that was never " +
    "touched before, so both pay for its pages; `bare TCP, warm memory` uses the same memory again and shows what that costs.",
  rounds: 7,
  figures: [{ key: "rate", label: "rate", unit: "GB/s", isCompared: true }],
  async open({ isQuick }, closers) {
    const megabytes = isQuick ? 10 : 100;
    const numbers = new Float64Array((megabytes * 1_000_000) / 8).map((_, index) => index);
    const cluster = new Cluster({ output: "ignore" });
    closers.add(() => cluster.close());
    await cluster.addProcs(new LocalManager(1));
    const pid = cluster.workers()[0]!;
    const bytes = new Uint8Array(numbers.buffer);
    const fresh = await BareSender.start(bytes, "fresh", closers);
    const warm = await BareSender.start(bytes, "warm", closers);
    return [
      timed("Rollcall", bytes.length, () => cluster.remoteCallFetch(ends, pid, numbers)),
      timed("bare TCP", bytes.length, () => fresh.send()),
      timed("bare TCP, warm memory", bytes.length, () => warm.send()),
    ];
  },
};

function timed(name: string, bytes: number, send: () => Promise<unknown>): Contender {
  return {
    name,
    async measure() {
      const start = performance.now();
      await send();
      return { rate: bytes / (performance.now() - start) / 1e6 };
    },
    async warmUp() {
      await send();
      await send();
    },
  };
}

/** Sends bytes to a `bare-sink` process, which dials this one: only sockets that dial can choose where they read to. */
class BareSender {
  readonly #bytes: Uint8Array;
  readonly #socket: Socket;
  #sent = 0;
  #missing = 0;
  #done: (() => void) | undefined;

  private constructor(bytes: Uint8Array, socket: Socket) {
    this.#bytes = bytes;
    this.#socket = socket;
    socket.on("data", (answer: Buffer) => {
      this.#missing -= answer.length;
      if (this.#missing === 0) this.#done!();
    });
    socket.on("error", () => socket.destroy());
  }

  static async start(bytes: Uint8Array, memory: "fresh" | "warm", closers: Closers): Promise<BareSender> {
    const server = createServer({ noDelay: true }).listen(0, "127.0.0.1");
    closers.add(() => server.close());
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const connected = once(server, "connection");
    void new FixtureProcess("bare-sink.js", [String(port), String(bytes.length), memory], closers);
    const [socket] = (await connected) as [Socket];
    closers.add(() => socket.destroy());
    return new BareSender(bytes, socket);
  }

  send(): Promise<void> {
    this.#sent = 0;
    this.#missing = 8;
    for (let piece = 0; piece < QUEUED; piece++) this.#sendPiece();
    return new Promise((resolve) => (this.#done = resolve));
  }

  readonly #sendPiece = (): void => {
    if (this.#sent >= this.#bytes.length) return;
    const piece = this.#bytes.subarray(this.#sent, this.#sent + PIECE);
    this.#sent += piece.length;
    this.#socket.write(piece, this.#sendPiece);
  };
}
