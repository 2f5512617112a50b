import { randomBytes } from "node:crypto";
import { LinkLostError } from "../errors.js";
import { ConnectionPurpose, keyIdOf } from "../protocol/handshake.js";
import { MessageType } from "../protocol/message.js";
import type {
  PeerDialMessage,
  PeerExpectMessage,
  PeerFailedMessage,
  PeerReadyMessage,
} from "../protocol/peer-messages.js";
import type { AuthenticatedConnection } from "../rpc/handshake-exchange.js";
import { Session } from "../rpc/session.js";
import { deferred, type Deferred } from "../util/deferred.js";
import { dialPeer, type PeerAddress } from "./dial-peer.js";
import { nextLink, type LinkEvent, type LinkState, type LinkStep } from "./link-state.js";
import type { PeerNetwork } from "./peer-network.js";
import { RELAY_OVERHEAD, type RelayConnection } from "./relay-connection.js";

/** The link to one other worker. Owns its session, and what is under way to get one. */
export class PeerLink {
  readonly #network: PeerNetwork;
  #state: LinkState = "idle";
  #session: Session | undefined;
  /** The one whose calls wait to hear why it ended. */
  #lost: Session | undefined;
  /** Of those who wait for the link. */
  #waiting: Deferred<void> | undefined;
  /** The secret of the attempt that is under way. */
  #secret: PeerExpectMessage | undefined;
  #attempt = new AbortController();
  /** Where the peer asked to be dialled. */
  #called: PeerDialMessage | undefined;
  #why = "";
  /** Why there will be no link any more. */
  #end: Error | undefined;

  constructor(
    readonly pid: number,
    network: PeerNetwork,
  ) {
    this.#network = network;
  }

  /** While the link stands. */
  get session(): Session | undefined {
    return this.#session;
  }

  /** False when the peer is gone, or may be. */
  get isOpen(): boolean {
    return this.#state !== "over" && this.#state !== "checking";
  }

  /** Resolves when the link stands. Rejects with a `ProcessExitedError`, or with a `LinkLostError` if it cannot be made. */
  connect(): Promise<void> {
    if (this.#session !== undefined) return Promise.resolve();
    if (this.#end !== undefined) return Promise.reject(this.#end);
    this.#waiting ??= deferred();
    const { promise } = this.#waiting;
    // Those who wait hear of it; if there are none (an eager link), it is of no interest.
    promise.catch(() => {});
    if (this.#state === "idle") this.#network.making(promise);
    this.#on("want");
    return promise;
  }

  /** A message of the peer's. */
  receive(type: number, content: unknown): void {
    switch (type) {
      case MessageType.peerExpect:
        return this.#asked(content as PeerExpectMessage);
      case MessageType.peerReady:
        if ((content as PeerReadyMessage).keyId === this.#secret?.keyId) this.#on("ready");
        return;
      case MessageType.peerDial:
        this.#called = content as PeerDialMessage;
        return this.#on("dial-me");
      case MessageType.peerFailed: {
        const { keyId, message } = content as PeerFailedMessage;
        if (keyId !== this.#secret?.keyId) return;
        this.#why = message;
        this.#on("failed");
      }
    }
  }

  /** The peer has connected, with the secret that it was told to use. */
  accepted(peer: AuthenticatedConnection): void {
    if (this.#state !== "expecting" && this.#state !== "called") return peer.connection.destroy();
    this.#adopt(peer);
    this.#on("accepted");
  }

  /** The peer has opened a relay. */
  relayed(relay: RelayConnection): void {
    if (this.#state === "over") return relay.destroy();
    this.#on("relayed", () => this.#adoptRelay(relay));
  }

  /** The manager has nobody to pass a message to. */
  undeliverable(): void {
    this.#on("undeliverable");
  }

  /** The manager says that the peer is still a member. */
  alive(): void {
    if (this.#state !== "checking") return;
    const lost = this.#lost;
    this.#on("alive");
    const error = this.#lostError();
    this.#lost = undefined;
    lost?.fail(error);
    // Calls that waited for the link had not been sent: they are as good as new.
    if (lost !== undefined && this.#waiting !== undefined) this.#on("want");
    else if (lost === undefined) this.#reject(error);
  }

  /** The peer is gone, or this process leaves. */
  end(error: Error): void {
    this.#end = error;
    this.#failSessions(error);
    this.#on("exited");
    this.#reject(error);
  }

  #asked(secret: PeerExpectMessage): void {
    const [next] = nextLink(this.#state, "expect", this.#network.myPid < this.pid);
    if (next !== "expecting") return;
    // `abandon`, which comes first, forgets the secret of an earlier attempt.
    this.#on("expect", () => (this.#secret = secret));
  }

  #on(event: LinkEvent, afterAbandoning?: () => void): void {
    const previous = this.#state;
    const [next, ...steps] = nextLink(previous, event, this.#network.myPid < this.pid);
    this.#state = next;
    for (const step of steps) {
      this.#do(step);
      if (step === "abandon") afterAbandoning?.();
    }
    if (next === "linked" && previous !== next) this.#settled();
    if (previous === "checking" && previous !== next) this.#network.changed();
  }

  #do(step: LinkStep): void {
    switch (step) {
      case "ask":
        this.#secret = newSecret();
        return this.#network.tell(MessageType.peerExpect, this.pid, this.#secret);
      case "answer":
        this.#network.expect(this.#secret!, this);
        return this.#network.tell(MessageType.peerReady, this.pid, { keyId: this.#secret!.keyId });
      case "dial":
        return void this.#dial(this.#secret!, this.#network.addressOf(this.pid));
      case "ask to be dialled": {
        this.#secret = newSecret();
        this.#network.expect(this.#secret, this);
        const call: PeerDialMessage = { ...this.#secret, ...this.#network.myAddress };
        return this.#network.tell(MessageType.peerDial, this.pid, call);
      }
      case "dial back": {
        const { keyId, key, hosts, port } = this.#called!;
        this.#secret = { keyId, key };
        const known = this.#network.addressOf(this.pid)?.hosts ?? [];
        return void this.#dial(this.#secret, { hosts: [...new Set([...known, ...hosts])], port });
      }
      case "tell of the failure":
        return this.#network.tell(MessageType.peerFailed, this.pid, {
          keyId: this.#secret!.keyId,
          message: this.#why,
        });
      case "open a relay":
        this.#network.forget(this.#secret!);
        return this.#adoptRelay(this.#network.openRelay(this.pid));
      case "check":
        return this.#network.check(this.pid);
      case "abandon":
        return this.#abandon();
    }
  }

  #abandon(): void {
    this.#attempt.abort(new Error("another attempt has taken the place of this one"));
    if (this.#secret !== undefined) this.#network.forget(this.#secret);
    this.#secret = undefined;
    this.#failSessions(this.#lostError());
  }

  #failSessions(error: Error): void {
    const sessions = [this.#lost, this.#session];
    this.#lost = undefined;
    this.#session = undefined;
    for (const session of sessions) session?.fail(error);
  }

  async #dial(secret: PeerExpectMessage, address: PeerAddress | undefined): Promise<void> {
    const attempt = new AbortController();
    this.#attempt = attempt;
    try {
      const { keyId, key } = secret;
      const proof = { purpose: ConnectionPurpose.peer, keyId, secret: key };
      const peer = await this.#network.outside(() =>
        dialPeer(this.#network.transport, address, proof, this.#network.maxMessageBytes, attempt.signal),
      );
      if (attempt.signal.aborted) return peer.connection.destroy();
      this.#adopt(peer);
      this.#on("dialled");
    } catch (error) {
      if (attempt.signal.aborted) return;
      this.#why = (error as Error).message;
      this.#on("dial-failed");
    }
  }

  #adoptRelay(relay: RelayConnection): void {
    // The manager takes messages of a certain size, in which these must fit.
    this.#adopt(overRelay(relay), this.#network.maxMessageBytes - RELAY_OVERHEAD);
  }

  #adopt(peer: AuthenticatedConnection, maxMessageBytes = this.#network.maxMessageBytes): void {
    const session: Session = new Session({
      peer,
      peerPid: this.pid,
      codec: this.#network.codec,
      load: this.#network.load,
      board: this.#network.board,
      maxMessageBytes,
      references: this.#network.references,
      onMessage: () => {},
      onClosed: () => {
        if (this.#session !== session) return;
        this.#session = undefined;
        this.#lost = session;
        this.#on("lost");
      },
    });
    this.#session = session;
  }

  #settled(): void {
    this.#secret = undefined;
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  #reject(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  #lostError(): LinkLostError {
    return new LinkLostError(
      `the connection between worker ${this.#network.myPid} and worker ${this.pid} was lost; worker ${this.pid} is ` +
        `still in the cluster, and the next call makes a new connection`,
      this.pid,
    );
  }
}

function newSecret(): PeerExpectMessage {
  const key = randomBytes(32);
  return { keyId: keyIdOf(key), key };
}

/** Both ends have proved themselves to the manager, through which everything goes. */
function overRelay(relay: RelayConnection): AuthenticatedConnection {
  return {
    connection: relay,
    purpose: ConnectionPurpose.peer,
    keyId: "",
    key: new Uint8Array(0),
    takeOver: (handlers) => relay.setHandlers(handlers),
  };
}
