import { AsyncResource } from "node:async_hooks";
import { ProcessExitedError, type ExitReason } from "../errors.js";
import type { Codec } from "../protocol/codec.js";
import { MessageType, RelayFlag, type Message } from "../protocol/message.js";
import type { PeerExpectMessage, WhoIsMessage } from "../protocol/peer-messages.js";
import type { CallBoard } from "../rpc/call-board.js";
import type { LoadFunction } from "../rpc/call-server.js";
import type { AuthenticatedConnection } from "../rpc/handshake-exchange.js";
import type { ReferenceTraffic } from "../rpc/reference-traffic.js";
import type { Session } from "../rpc/session.js";
import type { Transport } from "../transport/transport.js";
import { isRecord } from "../util/option-checks.js";
import type { PeerAddress } from "./dial-peer.js";
import { LinkPause } from "./link-pause.js";
import { PeerLink } from "./peer-link.js";
import type { PeerNetwork } from "./peer-network.js";
import { RelayConnection } from "./relay-connection.js";

export interface PeersOptions {
  readonly myPid: number;
  readonly myAddress: PeerAddress;
  /** The session with the manager. */
  readonly manager: Session;
  readonly transport: Transport;
  readonly codec: Codec;
  readonly load: LoadFunction;
  readonly board: CallBoard;
  readonly references: ReferenceTraffic;
  readonly maxMessageBytes: number;
  readonly addressOf: (pid: number) => PeerAddress | undefined;
  readonly isGone: (pid: number) => boolean;
  /** A worker may be called again to which the link was lost. */
  readonly onChange: () => void;
}

/** The links of a worker to the others. Owns them, their relays, and the secrets with which others may connect. */
export class Peers implements PeerNetwork {
  readonly #options: PeersOptions;
  readonly #links = new Map<number, PeerLink>();
  readonly #expected = new Map<string, { readonly key: Uint8Array; readonly link: PeerLink }>();
  readonly #relays = new Map<string, RelayConnection>();
  #nextRelay = 1;
  readonly #pause = new LinkPause();
  readonly #outside = new AsyncResource("RollcallPeers");
  #isClosed = false;

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  get myPid(): number {
    return this.#options.myPid;
  }

  get myAddress(): PeerAddress {
    return this.#options.myAddress;
  }

  get transport(): Transport {
    return this.#options.transport;
  }

  get codec(): Codec {
    return this.#options.codec;
  }

  get references(): ReferenceTraffic {
    return this.#options.references;
  }

  get load(): LoadFunction {
    return this.#options.load;
  }

  get board(): CallBoard {
    return this.#options.board;
  }

  get maxMessageBytes(): number {
    return this.#options.maxMessageBytes;
  }

  /** Calls of other workers that have not been answered. */
  get callsServed(): number {
    let count = 0;
    for (const { session } of this.#links.values()) count += session?.callsServed ?? 0;
    return count;
  }

  /** Those that stand. */
  get sessions(): readonly Session[] {
    return [...this.#links.values()].flatMap(({ session }) => session ?? []);
  }

  link(pid: number): PeerLink {
    let link = this.#links.get(pid);
    if (link === undefined) {
      link = new PeerLink(pid, this);
      this.#links.set(pid, link);
    }
    return link;
  }

  /** What a stranger must prove that it knows; undefined if nobody of that key is expected. */
  secretOf(keyId: string): Uint8Array | undefined {
    return this.#expected.get(keyId)?.key;
  }

  /** A connection of purpose `peer` has proved itself. */
  accepted(peer: AuthenticatedConnection): void {
    const expected = this.#expected.get(peer.keyId);
    // Each key lets one connection in.
    this.#expected.delete(peer.keyId);
    if (expected === undefined || this.#isClosed) peer.connection.destroy();
    else expected.link.accepted(peer);
  }

  /** A message of another worker, which the manager has passed on. */
  receive(message: Message): void {
    const { type, flags, id, aux: pid } = message;
    // What a worker said before it ended may be passed on after its end was told.
    if (this.#isClosed || this.#options.isGone(pid)) return;
    if (type === MessageType.relayCredit) this.#relays.get(relayKey(pid, id))?.credited(message);
    else if (type !== MessageType.relayed) {
      const content = this.#contentOf(message);
      if (content !== undefined) this.link(pid).receive(type, content);
    } else if ((flags & RelayFlag.open) !== 0) this.link(pid).relayed(this.#relay(pid, id));
    else this.#relays.get(relayKey(pid, id))?.receive(message);
  }

  undeliverable(pid: number): void {
    this.#links.get(pid)?.undeliverable();
  }

  alive(pid: number): void {
    this.#links.get(pid)?.alive();
  }

  exited(pid: number, reason: ExitReason): void {
    this.#links.get(pid)?.end(new ProcessExitedError(pid, reason));
    this.#links.delete(pid);
    for (const relay of this.#relays.values()) if (relay.pid === pid) relay.destroy();
  }

  close(error: Error): void {
    this.#isClosed = true;
    for (const link of this.#links.values()) link.end(error);
    for (const relay of this.#relays.values()) relay.destroy(error);
    this.#pause.end();
    this.#expected.clear();
  }

  addressOf(pid: number): PeerAddress | undefined {
    return this.#options.addressOf(pid);
  }

  tell(type: number, pid: number, content: unknown): void {
    const { body, segments } = this.codec.encoder.encode(content);
    this.#options.manager.forward({ type, flags: 0, id: 0, aux: pid, body, segments });
  }

  openRelay(pid: number): RelayConnection {
    // Both may open relays, and must not choose the same number.
    const relay = this.#relay(pid, 2 * this.#nextRelay++ + (this.myPid < pid ? 0 : 1));
    relay.open();
    return relay;
  }

  expect({ keyId, key }: PeerExpectMessage, link: PeerLink): void {
    this.#expected.set(keyId, { key, link });
  }

  forget({ keyId }: PeerExpectMessage): void {
    this.#expected.delete(keyId);
  }

  check(pid: number): void {
    this.#options.manager.post(MessageType.whoIs, { pid, isLost: true } satisfies WhoIsMessage);
  }

  making(link: Promise<void>): void {
    this.#pause.making(link);
  }

  /** Until when this process should leave the computing to others; see `LinkPause`. */
  get pause(): Promise<void> | undefined {
    return this.#pause.over;
  }

  changed(): void {
    if (!this.#isClosed) this.#options.onChange();
  }

  outside<T>(work: () => T): T {
    return this.#outside.runInAsyncScope(work);
  }

  /** Undefined if it makes no sense: another worker's mistake, which must not cost the connection with the manager. */
  #contentOf({ body, segments }: Message): unknown {
    try {
      const content = this.codec.decoder.decode(body, segments);
      return isRecord(content) ? content : undefined;
    } catch {
      return undefined;
    }
  }

  #relay(pid: number, stream: number): RelayConnection {
    const key = relayKey(pid, stream);
    const relay = new RelayConnection(
      pid,
      stream,
      (message) => this.#options.manager.forward(message),
      () => this.#relays.delete(key),
    );
    this.#relays.set(key, relay);
    return relay;
  }
}

function relayKey(pid: number, stream: number): string {
  return `${pid} ${stream}`;
}
