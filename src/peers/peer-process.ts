import type { CallableProcess } from "../calls/call-process.js";
import { LinkLostError } from "../errors.js";
import type { CallReference } from "../rpc/internal-functions.js";
import type { PendingCall } from "../rpc/pending-calls.js";
import type { KeepAs } from "../rpc/reference-traffic.js";
import type { StopRule } from "../rpc/stop-rule.js";
import type { PeerLink } from "./peer-link.js";

/** Calls that may wait for a link. */
const MOST_WAITING = 1_000;
/** Ids of calls that waited for the link; those of a session are slots, and far below. */
const FIRST_WAITING_ID = 2 ** 32;

interface WaitingCall {
  readonly call: PendingCall;
  /** Sends it; gives its id on the session. */
  readonly send: () => number;
}

/**
 * Another worker, as the target of calls. The link to it is made when it is first needed: a call does not wait for that
 * at its caller but here.
 */
export class PeerProcess implements CallableProcess {
  readonly #link: PeerLink;
  readonly #waiting = new Map<number, WaitingCall>();
  /** Of calls that waited and have been sent, until they are answered. */
  readonly #sentAs = new Map<number, number>();
  #nextId = FIRST_WAITING_ID;

  constructor(link: PeerLink) {
    this.#link = link;
  }

  get isOpen(): boolean {
    return this.#link.isOpen;
  }

  get hasRoom(): boolean {
    return this.#link.session?.hasRoom ?? this.#waiting.size < MOST_WAITING;
  }

  get callsWaiting(): number {
    return (this.#link.session?.callsWaiting ?? 0) + this.#waiting.size;
  }

  room(): Promise<void> {
    const { session } = this.#link;
    return session?.room() ?? this.#link.connect().catch(() => {});
  }

  call(reference: CallReference, args: readonly unknown[], call: PendingCall, limitMs?: number): number {
    const { session } = this.#link;
    if (session !== undefined) return session.call(reference, args, call, limitMs);
    return this.#wait(call, (settling) => this.#link.session!.call(reference, args, settling, limitMs));
  }

  callAndKeep(
    reference: CallReference,
    args: readonly unknown[],
    keepAs: KeepAs,
    call: PendingCall,
    limitMs?: number,
  ): number {
    const { session } = this.#link;
    if (session !== undefined) return session.callAndKeep(reference, args, keepAs, call, limitMs);
    return this.#wait(call, (settling) =>
      this.#link.session!.callAndKeep(reference, args, keepAs, settling, limitMs),
    );
  }

  /** The link stands, or did a moment ago. */
  callAndForget(reference: CallReference, args: readonly unknown[]): void {
    const { session } = this.#link;
    if (session === undefined) throw this.#notLinked();
    session.callAndForget(reference, args);
  }

  forget(reference: CallReference): void {
    this.#link.session?.forget(reference);
  }

  abandon(id: number, rule?: StopRule, ended?: () => void): void {
    if (id < FIRST_WAITING_ID) this.#link.session?.abandon(id, rule, ended);
    else if (this.#waiting.delete(id)) ended?.();
    else {
      const sentAs = this.#sentAs.get(id);
      this.#sentAs.delete(id);
      if (sentAs !== undefined) this.#link.session?.abandon(sentAs, rule, ended);
    }
  }

  #wait(call: PendingCall, send: (settling: PendingCall) => number): number {
    const id = this.#nextId++;
    const settling: PendingCall = {
      resolve: (value) => {
        this.#sentAs.delete(id);
        call.resolve(value);
      },
      reject: (error) => {
        this.#sentAs.delete(id);
        call.reject(error);
      },
    };
    this.#waiting.set(id, { call, send: () => send(settling) });
    if (this.#waiting.size === 1) {
      this.#link.connect().then(
        () => this.#sendAll(),
        (error: unknown) => this.#rejectAll(error),
      );
    }
    return id;
  }

  #sendAll(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const [id, { call, send }] of waiting) {
      if (this.#link.session === undefined) {
        call.reject(this.#notLinked());
        continue;
      }
      const sentAs = send();
      if (sentAs >= 0) this.#sentAs.set(id, sentAs);
    }
  }

  #rejectAll(error: unknown): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { call } of waiting) call.reject(error);
  }

  #notLinked(): LinkLostError {
    const { pid } = this.#link;
    return new LinkLostError(`the connection to worker ${pid} was lost; the next call makes a new one`, pid);
  }
}
