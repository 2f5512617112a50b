import type { ExitReason } from "../errors.js";
import type { Encoder } from "../protocol/codec.js";
import { INLINE_LIMIT } from "../protocol/limits.js";
import { MessageType } from "../protocol/message.js";
import type { MemberEntry, MembersMessage } from "../protocol/peer-messages.js";
import type { Member } from "./member.js";

/** Joins are told after this long without another one, and a millisecond more for each member that is told. */
const QUIET_MS = 100;

/**
 * Tells every worker which others there are. To tell all of each join would take N² messages for N workers; so joins are
 * collected until they amount to half of those who are told, or no more come, or somebody wants all to know (`flush`).
 * Ends are told at the end of the turn.
 */
export class MemberNews {
  readonly #encoder: Encoder;
  readonly #all: () => readonly Member[];
  /** They know of all but the ones below. */
  readonly #told = new Set<Member>();
  readonly #joined = new Set<Member>();
  #leaving: number[] = [];
  #exited: { readonly pid: number; readonly reason: ExitReason }[] = [];
  #quiet: NodeJS.Timeout | undefined;
  #isEndScheduled = false;
  #isClosed = false;

  /** @param all The members of the cluster, in any state. */
  constructor(encoder: Encoder, all: () => readonly Member[]) {
    this.#encoder = encoder;
    this.#all = all;
  }

  joined(member: Member): void {
    if (this.#isClosed) return;
    this.#joined.add(member);
    if (2 * this.#joined.size >= this.#told.size) return this.flush();
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.flush(), QUIET_MS + this.#told.size).unref();
  }

  leaving(member: Member): void {
    this.#leaving.push(member.pid);
    this.#scheduleEnds();
  }

  exited(member: Member, reason: ExitReason): void {
    this.#told.delete(member);
    this.#joined.delete(member);
    this.#exited.push(exitOf(member.pid, reason));
    this.#scheduleEnds();
  }

  /** Tells of all that have joined. */
  flush(): void {
    clearTimeout(this.#quiet);
    if (this.#joined.size === 0 || this.#isClosed) return;
    const fresh = [...this.#joined];
    this.#joined.clear();
    this.#send([...this.#told], fresh.map(entryOf));
    const all = this.#all();
    this.#send(fresh, all.map(entryOf));
    const leaving = all.filter(({ takesCalls }) => !takesCalls).map(({ pid }) => pid);
    if (leaving.length > 0) this.#sendOne(fresh, { leaving });
    for (const member of fresh) this.#told.add(member);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#quiet);
  }

  #scheduleEnds(): void {
    if (this.#isEndScheduled) return;
    this.#isEndScheduled = true;
    setImmediate(() => {
      this.#isEndScheduled = false;
      const message: MembersMessage = { leaving: this.#leaving, exited: this.#exited };
      this.#leaving = [];
      this.#exited = [];
      // Those that have only joined are told who is left.
      if (!this.#isClosed) this.#sendOne([...this.#told], message);
    });
  }

  /** In messages that fit a frame: a larger one could be overtaken by a call that was sent after it. */
  #send(to: readonly Member[], entries: readonly MemberEntry[]): void {
    if (to.length === 0) return;
    if (this.#sendOne(to, { joined: entries }, entries.length === 1)) return;
    const middle = entries.length >> 1;
    this.#send(to, entries.slice(0, middle));
    this.#send(to, entries.slice(middle));
  }

  /** Encodes once for all; false if it is too large. */
  #sendOne(to: readonly Member[], message: MembersMessage, mayBeLarge = true): boolean {
    if (to.length === 0) return true;
    const { body, segments } = this.#encoder.encode(message);
    if (body.length > INLINE_LIMIT && !mayBeLarge) return false;
    for (const { session } of to) {
      session.forward({ type: MessageType.members, flags: 0, id: 0, aux: 0, body, segments });
    }
    return true;
  }
}

/** What others are told of an end. Its last lines of output, of every end to every worker, would be much. */
export function exitOf(pid: number, reason: ExitReason): { pid: number; reason: ExitReason } {
  const { output: _output, ...told } = reason;
  return { pid, reason: told };
}

/** What others are told of a worker. */
export function entryOf({ pid, info, ident, connectIdents }: Member): MemberEntry {
  const { host, report, labels } = info;
  return {
    pid,
    hosts: [...new Set([host, ...report.hosts])],
    port: report.port,
    host,
    hostname: report.hostname,
    labels,
    ...(ident !== undefined && { ident }),
    ...(connectIdents !== undefined && { connectIdents }),
  };
}
