import { ChannelClosedError, ProcessExitedError, type ExitReason } from "../errors.js";
import type { Arrived } from "../rpc/reference-traffic.js";
import { Answer, closedAnswer } from "./answers.js";
import { isChannelBackend, type ChannelBackend } from "./channel-backend.js";
import { ChannelBuffer, type ChannelEnd, type ChannelItem } from "./channel-buffer.js";
import type { Subject } from "./operations.js";
import { Parcel } from "./parcel.js";
import type { Answering, ReferenceServer } from "./reference-server.js";
import type { Request } from "./requests.js";

type Buffer = ChannelBuffer<Parcel>;
type Channel = Buffer | ChannelBackend<unknown>;

/** Nobody holds the channel any more. */
const droppedEnd: ChannelEnd = { error: "dropped" };

/** The owner's end of channels. Those that are no buffer of ours, but the program's own, are asked through their methods. */
export class ChannelServer {
  readonly #references: ReferenceServer;
  readonly #dropped: (arrived: Arrived) => void;
  readonly #exits = new Map<number, ExitReason>();
  /** Channels by the processes that are to fill them. */
  readonly #bound = new Map<number, Set<Channel>>();

  /** `dropped` is told of references that came with a value which nobody will see. */
  constructor(references: ReferenceServer, dropped: (arrived: Arrived) => void) {
    this.#references = references;
    this.#dropped = dropped;
  }

  /** Consumers must not wait for a producer that is gone. */
  exited(pid: number, reason: ExitReason): void {
    if (this.#exits.has(pid)) return;
    this.#exits.set(pid, reason);
    const channels = this.#bound.get(pid);
    this.#bound.delete(pid);
    for (const channel of channels ?? []) closeFor(channel, pid, reason);
  }

  make(about: Subject, capacity: number): Answer {
    return this.#references.keep(about, new ChannelBuffer<Parcel>(capacity));
  }

  bind(about: Subject, producers: readonly number[]): Answering {
    return this.#on(about, (channel) => {
      for (const pid of producers) {
        const reason = this.#exits.get(pid);
        if (reason !== undefined) closeFor(channel, pid, reason);
        else this.#bound.set(pid, (this.#bound.get(pid) ?? new Set()).add(channel));
      }
      return [Answer.done];
    });
  }

  async put(about: Subject, parcel: Parcel): Promise<Answer> {
    return this.#deliver(parcel, () =>
      this.#on(about, (channel, request) =>
        channel instanceof ChannelBuffer
          ? put(channel, parcel, request)
          : withSignal(request, async (signal) => {
              await channel.put(parcel.value, signal);
              return [Answer.done];
            }),
      ),
    );
  }

  /** A value that was taken for someone who did not want it any more. */
  async putBack(about: Subject, parcel: Parcel, position: number): Promise<Answer> {
    return this.#deliver(parcel, () =>
      this.#on(about, (channel, request) => {
        if (!(channel instanceof ChannelBuffer)) {
          return withSignal(request, async (signal) => {
            await channel.put(parcel.value, signal);
            return [Answer.done];
          });
        }
        channel.putBack({ value: parcel, position });
        return [Answer.done];
      }),
    );
  }

  take(about: Subject): Answering {
    return this.#on(about, (channel, request) => {
      if (channel instanceof ChannelBuffer) {
        return read(channel, "take", request, ({ value, position }) => {
          this.#dropAfterReply(value);
          return [Answer.done, value, position];
        });
      }
      return withSignal(request, async (signal) => [Answer.done, new Parcel(await channel.take(signal)), 0]);
    });
  }

  peek(about: Subject): Answering {
    return this.#peek(about, (value) => [Answer.done, value]);
  }

  waitForValue(about: Subject): Answering {
    return this.#peek(about, () => [Answer.done]);
  }

  isReady(about: Subject): Answering {
    return this.#on(about, async (channel) => {
      if (channel instanceof ChannelBuffer) return [Answer.done, channel.isReady];
      return [Answer.done, await channel.isReady?.()];
    });
  }

  size(about: Subject): Answering {
    return this.#on(about, async (channel) => {
      if (channel instanceof ChannelBuffer) return [Answer.done, channel.size];
      return [Answer.done, await channel.size?.()];
    });
  }

  isOpen(about: Subject): Answering {
    return this.#on(about, async (channel) => {
      if (channel instanceof ChannelBuffer) return [Answer.done, channel.isOpen];
      return [Answer.done, (await channel.isOpen?.()) ?? true];
    });
  }

  close(about: Subject, end: ChannelEnd): Answering {
    return this.#on(about, async (channel) => {
      if (channel instanceof ChannelBuffer) channel.close(end);
      else await channel.close?.(end.error);
      return [Answer.done];
    });
  }

  /** Nobody holds the channel any more: who waits there is told, and its values are let go. */
  clear(channel: Channel): void {
    for (const channels of this.#bound.values()) channels.delete(channel);
    if (channel instanceof ChannelBuffer) {
      channel.close(droppedEnd);
      for (const { arrived } of channel.drain()) if (arrived !== undefined) this.#dropped(arrived);
    } else void closeQuietly(channel);
  }

  #on(about: Subject, use: (channel: Channel, request: Request) => Answering): Answering {
    return this.#references.whenSettled(about, (value, request) => {
      if (!isChannel(value)) {
        throw new TypeError(
          "this reference stands for no channel: what its factory gave has no methods put and take",
        );
      }
      return use(value, request);
    });
  }

  #peek(about: Subject, answer: (value: Parcel) => Answer): Answering {
    return this.#on(about, (channel, request) => {
      if (channel instanceof ChannelBuffer)
        return read(channel, "peek", request, ({ value }) => answer(value));
      if (channel.fetch === undefined) {
        throw new TypeError(
          "this channel's backend has no method fetch, so that its values can only be taken",
        );
      }
      return withSignal(request, async (signal) => answer(new Parcel(await channel.fetch?.(signal))));
    });
  }

  /** Lets go of what came with a value that did not get into its channel. */
  async #deliver(parcel: Parcel, deliver: () => Answering): Promise<Answer> {
    let isIn = false;
    try {
      const answer = await deliver();
      isIn = answer[0] === Answer.done;
      return answer;
    } finally {
      if (!isIn && parcel.arrived !== undefined) this.#dropped(parcel.arrived);
    }
  }

  /** Who takes the value holds its references from the reply on; until then this process does, and nobody here saw them. */
  #dropAfterReply({ arrived }: Parcel): void {
    if (arrived !== undefined) setImmediate(() => this.#dropped(arrived));
  }
}

export function isChannel(value: unknown): value is Channel {
  return value instanceof ChannelBuffer || isChannelBackend(value);
}

function put(channel: Buffer, parcel: Parcel, request: Request): Answering {
  return waiting(request, (answer) => {
    const writer = {
      accepted: () => answer([Answer.done]),
      closed: (end: ChannelEnd) => answer(endAnswer(end)),
    };
    channel.put(parcel, writer);
    return () => channel.stopPutting(writer) !== undefined;
  });
}

function read(
  channel: Buffer,
  method: "take" | "peek",
  request: Request,
  answerOf: (item: ChannelItem<Parcel>) => Answer,
): Answering {
  return waiting(request, (answer) => {
    const reader = {
      give: (item: ChannelItem<Parcel>) => answer(answerOf(item)),
      closed: (end: ChannelEnd) => answer(endAnswer(end)),
    };
    channel[method](reader);
    return () => channel.stopReading(reader);
  });
}

/** An answer at once, if `start` gives it, or later, unless the request is withdrawn before. */
function waiting(request: Request, start: (answer: (answer: Answer) => void) => () => boolean): Answering {
  let answered: Answer | undefined;
  let resolve = (answer: Answer): void => void (answered = answer);
  const stop = start((answer) => {
    request.withdraw = undefined;
    resolve(answer);
  });
  if (answered !== undefined) return answered;
  return new Promise((settle) => {
    resolve = settle;
    request.withdraw = () => {
      if (stop()) settle([Answer.withdrawn]);
    };
  });
}

/** Runs a method of the program's own channel, with a signal that aborts when the request is withdrawn. */
async function withSignal(request: Request, run: (signal: AbortSignal) => Promise<Answer>): Promise<Answer> {
  const controller = new AbortController();
  request.withdraw = () => controller.abort(new Error("whoever asked does not wait any longer"));
  try {
    return await run(controller.signal);
  } catch (error) {
    if (controller.signal.aborted) return [Answer.withdrawn];
    if (!(error instanceof ChannelClosedError)) throw error;
    return closedAnswer(error.cause === undefined ? {} : { error: error.cause });
  }
}

function endAnswer(end: ChannelEnd): Answer {
  return end === droppedEnd ? [Answer.released] : closedAnswer(end);
}

function closeFor(channel: Channel, pid: number, reason: ExitReason): void {
  const error = new ProcessExitedError(pid, reason);
  if (channel instanceof ChannelBuffer) channel.close({ error });
  else void closeQuietly(channel, error);
}

/** Nobody is there to hear of a failure. */
async function closeQuietly(channel: ChannelBackend<unknown>, error?: unknown): Promise<void> {
  try {
    await channel.close?.(error);
  } catch {
    // It is the end of the channel either way.
  }
}
