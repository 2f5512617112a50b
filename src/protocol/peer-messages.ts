import type { ExitReason } from "../errors.js";

/** What workers are told of each other, and say to each other through the manager; `MessageType` names the messages. */

/** A worker, as the others are told of it. */
export interface MemberEntry {
  readonly pid: number;
  /** Where it can be dialled, in the order to try. */
  readonly hosts: readonly string[];
  /** 0: it cannot be dialled. */
  readonly port: number;
  /** The address at which the manager reached it, and the name of its machine. */
  readonly host: string;
  readonly hostname: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Its place in a custom topology. */
  readonly ident?: string;
  readonly connectIdents?: readonly string[];
}

/** `members`: what has changed since the last one, or what was asked for. */
export interface MembersMessage {
  readonly joined?: readonly MemberEntry[];
  /** They get no more calls. */
  readonly leaving?: readonly number[];
  readonly exited?: readonly { readonly pid: number; readonly reason: ExitReason }[];
  /** Pids that were asked for and never were. */
  readonly unknown?: readonly number[];
}

/** `whoIs`: the manager answers with `members`. */
export interface WhoIsMessage {
  readonly pid: number;
  /** The link to it was lost: the answer waits until the manager has had time to notice an end. */
  readonly isLost: boolean;
}

/** `undeliverable`: a message for this worker could not be passed on. */
export interface UndeliverableMessage {
  readonly pid: number;
}

/** `peerExpect`: the sender would like to connect, and proves itself with this key. */
export interface PeerExpectMessage {
  readonly keyId: string;
  readonly key: Uint8Array;
}

/** `peerReady`: it may. */
export interface PeerReadyMessage {
  readonly keyId: string;
}

/** `peerDial`: the sender could not connect, and asks to be connected to. */
export interface PeerDialMessage extends PeerExpectMessage {
  readonly hosts: readonly string[];
  readonly port: number;
}

/** `peerFailed`: that was not possible either. */
export interface PeerFailedMessage {
  readonly keyId: string;
  readonly message: string;
}
