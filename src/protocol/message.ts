/**
 * All messages of the wire protocol. Numbers are only ever appended: a number once given keeps its meaning for
 * ever, also when its message is no longer sent. `docs/protocol.md` says what each holds.
 */
export const MessageType = {
  // Connection set-up; bodies have fixed layouts (handshake.ts), read before anyone is trusted.
  hello: 1,
  challenge: 2,
  proof: 3,
  welcome: 4,
  reject: 5,
  /** A piece of a segment of a message that was announced before. */
  chunk: 6,
  // The control channel; bodies are encoded values.
  report: 16,
  join: 17,
  joined: 18,
  ping: 19,
  pong: 20,
  output: 21,
  shutdown: 22,
  leaving: 23,
  handedOver: 24,
  dialBack: 25,
  // About the members of the cluster, on the data connection of the manager; bodies are encoded values.
  members: 26,
  whoIs: 27,
  undeliverable: 28,
  // The control channel again.
  stop: 29,
  stopped: 30,
  status: 31,
  // Calls; bodies are encoded values.
  call: 32,
  result: 33,
  failure: 34,
  cancel: 35,
  defineFunction: 36,
  // No longer sent.
  fetch: 37,
  release: 38,
  // Between workers, passed on by the manager; `aux` is the worker at the other end.
  peerExpect: 39,
  peerReady: 40,
  peerDial: 41,
  peerFailed: 42,
  relayed: 43,
  relayCredit: 44,
  // The control channel again.
  drain: 45,
  // The code that functions need; bodies are encoded values.
  codeWanted: 48,
  code: 49,
} as const;

export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/** Flags of a call. */
export const CallFlag = {
  /** The caller wants no reply (`remoteDo`). */
  noReply: 1,
  /** The result stays with the callee, under a reference, for as long as somebody holds that (`remoteCall`). */
  keepResult: 2,
  /** The function's definition is large and may arrive after the call, which then waits for it. */
  awaitDefinition: 4,
  /** The last element of the arguments is the time that the call has, in milliseconds. */
  timeLimit: 8,
} as const;

/** Flags of a relayed message; without one it carries a message. */
export const RelayFlag = {
  /** There is a new relay, with this `id`. */
  open: 1,
  /** It is over. */
  end: 2,
} as const;

/** Whether a message is for the worker that `aux` names, or from it, and only passes through the manager. */
export function isBetweenWorkers({ type }: Message): boolean {
  return type >= MessageType.peerExpect && type <= MessageType.relayCredit;
}

/**
 * What a connection carries. A received message's `body` is a view of a buffer that the connection reuses: it is
 * valid until the handler returns. Its `segments` are memory of their own and belong to the receiver.
 */
export interface Message {
  readonly type: number;
  /** Meaning depends on the type; 6 bits. */
  readonly flags: number;
  /** Call id, or what the type says. Unsigned, 32 bits. */
  readonly id: number;
  /** Function id of a call, or what the type says. Unsigned, 32 bits. */
  readonly aux: number;
  readonly body: Uint8Array;
  /** Large binary parts that the body refers to by position. */
  readonly segments: readonly Uint8Array[];
}

const nothing = new Uint8Array(0);

/** A message without content beyond its numbers. */
export function bareMessage(type: MessageType, id = 0, aux = 0): Message {
  return { type, flags: 0, id, aux, body: nothing, segments: [] };
}
