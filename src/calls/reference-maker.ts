import type { ChannelBackend } from "../references/channel-backend.js";
import type { PlacedBroadcast } from "../references/broadcast.js";
import type { Future } from "../references/future.js";
import type { References } from "../references/references.js";
import type { RemoteChannel } from "../references/remote-channel.js";
import type { ProcessDirectory } from "./call-process.js";
import type { Caller } from "./remote-call.js";
import {
  checkBroadcastOptions,
  checkChannelOptions,
  checkReferenceOptions,
  type BoundChannelOptions,
  type BroadcastOptions,
  type ChannelOptions,
  type ReferenceOptions,
} from "./reference-options.js";

/** Makes a channel's backend, in the process in which the channel is to live. */
export type MakeChannelBackend = () => ChannelBackend<unknown> | PromiseLike<ChannelBackend<unknown>>;

/** Makes futures, channels and broadcasts anywhere in the cluster. */
export class ReferenceMaker {
  readonly #directory: ProcessDirectory;
  readonly #references: References;
  readonly #caller: Caller;

  constructor(directory: ProcessDirectory, references: References, caller: Caller) {
    this.#directory = directory;
    this.#references = references;
    this.#caller = caller;
  }

  async future(options: ReferenceOptions): Promise<Future<unknown>> {
    const id = this.#references.newId(await this.#place(checkReferenceOptions("a future", options)));
    await this.#references.make(id, "makeFuture", []);
    return this.#references.future(id);
  }

  async broadcast(value: unknown, options: BroadcastOptions): Promise<PlacedBroadcast<unknown>> {
    const { myPid, workers } = this.#directory;
    const { pids = workers.map(({ pid }) => pid).filter((pid) => pid !== myPid), waiting } =
      checkBroadcastOptions(options);
    for (const pid of pids) this.#directory.placeOf(pid);
    return this.#references.place(value, pids, waiting);
  }

  async channel(
    backend: MakeChannelBackend | ChannelOptions,
    options: BoundChannelOptions,
  ): Promise<RemoteChannel<unknown>> {
    return typeof backend === "function" ? this.#fromBackend(backend, options) : this.#buffered(backend);
  }

  async #buffered(options: ChannelOptions): Promise<RemoteChannel<unknown>> {
    const { pid, capacity, producers } = checkChannelOptions(options, false);
    for (const producer of producers) await this.#directory.confirm(producer);
    const id = this.#references.newId(await this.#place(pid));
    await this.#references.make(id, "makeChannel", [capacity]);
    const channel = this.#references.channel(id);
    return producers.length === 0 ? channel : this.#bound(channel, producers);
  }

  async #fromBackend(
    make: MakeChannelBackend,
    options: BoundChannelOptions,
  ): Promise<RemoteChannel<unknown>> {
    const { pid, producers } = checkChannelOptions(options, true);
    for (const producer of producers) await this.#directory.confirm(producer);
    const { id, done } = await this.#caller.callAndKeep(make, pid ?? this.#directory.myPid, []);
    const channel = this.#references.channel(id);
    // Also where there is nothing to bind: it finds out whether there is a channel at all.
    return this.#bound(channel, producers, done);
  }

  /** The channel, once it is made and knows its producers; lets go of it if that fails. */
  async #bound(
    channel: RemoteChannel<unknown>,
    producers: readonly number[],
    made?: Promise<void>,
  ): Promise<RemoteChannel<unknown>> {
    try {
      await made;
      await this.#references.request(channel.hold, "bind", [producers], {});
      return channel;
    } catch (error) {
      channel.release();
      throw error;
    }
  }

  async #place(pid: number | "any" | undefined): Promise<number> {
    if (pid === undefined) return this.#directory.myPid;
    return (await this.#directory.find(pid)).pid;
  }
}
