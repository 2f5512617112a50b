import type { ReferenceTraffic } from "../rpc/reference-traffic.js";
import type { Codec } from "../protocol/codec.js";
import type { PeerExpectMessage } from "../protocol/peer-messages.js";
import type { CallBoard } from "../rpc/call-board.js";
import type { LoadFunction } from "../rpc/call-server.js";
import type { Transport } from "../transport/transport.js";
import type { PeerAddress } from "./dial-peer.js";
import type { PeerLink } from "./peer-link.js";
import type { RelayConnection } from "./relay-connection.js";

/** What a link needs of its process. */
export interface PeerNetwork {
  readonly myPid: number;
  /** Where this process can be dialled. */
  readonly myAddress: PeerAddress;
  readonly transport: Transport;
  readonly codec: Codec;
  readonly load: LoadFunction;
  /** What this process runs for others. */
  readonly board: CallBoard;
  readonly references: ReferenceTraffic;
  readonly maxMessageBytes: number;
  addressOf(pid: number): PeerAddress | undefined;
  /** Sends a message to another worker, through the manager. */
  tell(type: number, pid: number, content: unknown): void;
  openRelay(pid: number): RelayConnection;
  /** A connection that proves this secret belongs to the link. */
  expect(secret: PeerExpectMessage, link: PeerLink): void;
  forget(secret: PeerExpectMessage): void;
  /** Asks the manager whether a worker is still there. */
  check(pid: number): void;
  /** A link is being made; the promise says when it stands, or why it does not. */
  making(link: Promise<void>): void;
  /** A peer may be called again. */
  changed(): void;
  /** Runs something outside of the async context of the call that happened to need it. */
  outside<T>(work: () => T): T;
}
