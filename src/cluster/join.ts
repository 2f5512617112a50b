import { randomBytes } from "node:crypto";
import type { CodeMessage, CodeWantedMessage } from "../protocol/code-messages.js";
import type { Codec } from "../protocol/codec.js";
import type { JoinMessage } from "../protocol/control-messages.js";
import { ConnectionPurpose, NONCE_SIZE } from "../protocol/handshake.js";
import { MessageType, type Message } from "../protocol/message.js";
import type { LoadFunction } from "../rpc/call-server.js";
import { dialHandshake, type AuthenticatedConnection } from "../rpc/handshake-exchange.js";
import type { ReferenceTraffic } from "../rpc/reference-traffic.js";
import { Session } from "../rpc/session.js";
import type { AbandonedCall } from "../rpc/stop-rule.js";
import type { Transport } from "../transport/transport.js";
import { deferred } from "../util/deferred.js";
import { formatAddress } from "../util/address.js";
import { abortable, withTimeLimit } from "../util/time-limit.js";
import type { Arrival } from "./rendezvous.js";

/** One address is tried for this long before the next one is. */
const DIAL_MS = 5_000;

export interface JoinOptions {
  readonly transport: Transport;
  readonly codec: Codec;
  readonly load: LoadFunction;
  readonly references: ReferenceTraffic;
  readonly message: JoinMessage;
  /** Answers a worker that asks for code; never rejects. */
  readonly answerCode: (question: CodeWantedMessage) => Promise<CodeMessage>;
  readonly signal: AbortSignal;
  /** A call's caller has given up before the worker has answered. */
  readonly onAbandoned: (call: AbandonedCall) => void;
  /** What the worker says that is not about calls, as of a session. */
  readonly onMessage: (type: number, content: unknown) => void;
  readonly onPeerMessage: (message: Message) => void;
  /** The session has ended. Before the join is complete, `joinWorker` rejects instead. */
  readonly onClosed: (reason: Error | undefined) => void;
}

export interface JoinedWorker {
  readonly session: Session;
  readonly host: string;
  readonly port: number;
}

/** Dials a worker that has reported in, at the first of its addresses that answers, and makes it a member. */
export async function joinWorker(arrival: Arrival, options: JoinOptions): Promise<JoinedWorker> {
  const { peer, host } = await dialFirst(arrival, options);
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
    maxMessageBytes: options.message.maxMessageBytes,
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
  return { session, host, port: arrival.report.port };
}

async function dialFirst(
  arrival: Arrival,
  { transport, message, signal }: JoinOptions,
): Promise<{ peer: AuthenticatedConnection; host: string }> {
  const { port } = arrival.report;
  // The address it came from is what a worker behind an unusual network cannot know itself.
  const hosts = [...new Set([...arrival.report.hosts, arrival.remoteHost])];
  const errors: Error[] = [];
  for (const host of hosts) {
    try {
      const peer = await withTimeLimit(DIAL_MS, "no answer", signal, async (limit) =>
        dialHandshake(await transport.dial({ host, port, signal: limit }), {
          purpose: ConnectionPurpose.data,
          keyId: arrival.keyId,
          secret: arrival.key,
          nonce: randomBytes(NONCE_SIZE),
          maxMessageBytes: message.maxMessageBytes,
          signal: limit,
        }),
      );
      return { peer, host };
    } catch (error) {
      signal.throwIfAborted();
      errors.push(error as Error);
    }
  }
  const tried = hosts.map((host, index) => `${formatAddress(host, port)} (${errors[index]!.message})`);
  throw new Error(`the worker reported in, but the manager could not connect to it: ${tried.join(", ")}`, {
    cause: errors[0],
  });
}
