import assert from "node:assert/strict";
import { CallFlag, MessageType, type Message } from "#dist/protocol/message.js";
import type { MemoryNetwork } from "#dist/testing/index.js";
import type { Connection } from "#dist/transport/transport.js";

/** Both ends of a connection in memory know each other. */
type End = Connection & { readonly peer: End };

/**
 * The calls that are under way on the connections of a network, as their messages tell: each is answered once, also one
 * that was given up, unless its connection ends before.
 */
export class WireCalls {
  readonly #open = new Map<Connection, Set<number>>();
  readonly #mistakes: string[] = [];

  /** Sees every connection that is opened from now on. */
  constructor(network: MemoryNetwork) {
    const dial = network.dial.bind(network);
    network.dial = async (options) => {
      const near = (await dial(options)) as End;
      this.#watch(near);
      this.#watch(near.peer);
      return near;
    };
  }

  /** Calls on open connections that have not been answered. */
  get open(): number {
    let sum = 0;
    for (const [connection, calls] of this.#open) if (connection.isOpen) sum += calls.size;
    return sum;
  }

  /** Fails if an answer has come that was no call's. */
  check(): void {
    assert.deepEqual(this.#mistakes, []);
  }

  #watch(end: End): void {
    this.#open.set(end, new Set());
    const send = end.send.bind(end);
    end.send = (message) => {
      if (end.isOpen) this.#sent(end, message);
      return send(message);
    };
  }

  #sent(end: End, { type, flags, id }: Message): void {
    if (type === MessageType.call && (flags & CallFlag.noReply) === 0) this.#open.get(end)!.add(id);
    else if (type === MessageType.result || type === MessageType.failure) {
      const isOpen = this.#open.get(end.peer)!.delete(id);
      if (!isOpen) this.#mistakes.push(`${end.localHost} answered ${end.remoteHost}'s call ${id} once more`);
    }
  }
}
