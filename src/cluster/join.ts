import type { CodeMessage, CodeWantedMessage } from "../protocol/code-messages.js";
import type { Codec } from "../protocol/codec.js";
import type { JoinMessage } from "../protocol/control-messages.js";
import { MessageType, type Message } from "../protocol/message.js";
import type { LoadFunction } from "../rpc/call-server.js";
import type { AuthenticatedConnection } from "../rpc/handshake-exchange.js";
import type { ReferenceTraffic } from "../rpc/reference-traffic.js";
import { Session } from "../rpc/session.js";
import type { AbandonedCall } from "../rpc/stop-rule.js";
import type { Transport } from "../transport/transport.js";
import { deferred } from "../util/deferred.js";
import { abortable } from "../util/time-limit.js";
import { reachWorker, type Place } from "./reach.js";
import type { Arrival } from "./rendezvous.js";

export interface JoinOptions {
  readonly transport: Transport;
  readonly codec: Codec;
  readonly load: LoadFunction;
  readonly references: ReferenceTraffic;
  readonly message: JoinMessage;
  /** Answers a worker that asks for code; never rejects. */
  readonly answerCode: (question: CodeWantedMessage) => Promise<CodeMessage>;
  /** Asks the worker to open the connection itself. */
  readonly dialBack: (signal: AbortSignal) => Promise<AuthenticatedConnection>;
  readonly signal: AbortSignal;
  /** A call's caller has given up before the worker has answered. */
  readonly onAbandoned: (call: AbandonedCall) => void;
  /** What the worker says that is not about calls, as of a session. */
  readonly onMessage: (type: number, content: unknown) => void;
  readonly onPeerMessage: (message: Message) => void;
  /** The session has ended. Before the join is complete, `joinWorker` rejects instead. */
  readonly onClosed: (reason: Error | undefined) => void;
}

export interface JoinedWorker extends Place {
  readonly session: Session;
}

/** Connects to a worker that has reported in, and makes it a member. */
export async function joinWorker(arrival: Arrival, options: JoinOptions): Promise<JoinedWorker> {
  const { maxMessageBytes } = options.message;
  const { peer, ...place } = await reachWorker(arrival, { ...options, maxMessageBytes });
  const answered = deferred<void>();
  let isJoined = false;
  const answerCode = async (question: CodeWantedMessage): Promise<void> => {
    const answer = await options.answerCode(question);
    if (session.isOpen) session.post(MessageType.code, answer);
  };
  const session = new Session({
    peer,
    peerPid: options.message.pid,
    codec: options.codec,
    load: options.load,
    references: options.references,
    maxMessageBytes,
    onAbandoned: options.onAbandoned,
    onMessage: (type, content) => {
      if (type === MessageType.joined) answered.resolve();
      else if (type === MessageType.codeWanted) void answerCode(content as CodeWantedMessage);
      else options.onMessage(type, content);
    },
    onPeerMessage: options.onPeerMessage,
    onClosed: (reason) => {
      if (isJoined) options.onClosed(reason);
      else answered.reject(reason ?? new Error("the worker ended the connection while it joined"));
    },
  });
  try {
    session.post(MessageType.join, options.message);
    await abortable(answered.promise, options.signal);
  } catch (error) {
    session.fail(error as Error);
    throw error;
  }
  isJoined = true;
  return { session, ...place };
}
