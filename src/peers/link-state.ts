/**
 * How two workers come to share one link. The one that wants it drives, the other follows; what they say goes through
 * the manager, until they have a connection.
 *
 *     idle ──want──▶ asking ──ready──▶ dialling ──dialled──▶ linked ──lost──▶ checking ──alive──▶ idle
 *                                          │                   ▲
 *                                     dial-failed              │
 *                                          ▼                   │
 *                                       called ──accepted──────┤
 *                                          └──failed (relay)───┘
 *     any ──expect──▶ expecting ──accepted, relayed──▶ linked
 *                          └──dial-me──▶ dialling-back ──dialled──▶ linked, ──dial-failed──▶ expecting
 *     any ──exited──▶ over
 *
 * If both want it at once, the one with the higher pid follows.
 */
export type LinkState =
  /** There is no link, and nobody has asked for one. */
  | "idle"
  /** The peer has been asked to expect our connection. However busy it is, it answers before it could serve a call. */
  | "asking"
  | "dialling"
  /** Our connection failed, and the peer was asked to connect to us. */
  | "called"
  /** The peer drives. */
  | "expecting"
  | "dialling-back"
  | "linked"
  /** The link was lost, or the peer was out of reach; the manager says whether it is still there. */
  | "checking"
  /** The peer is gone. */
  | "over";

export type LinkEvent =
  | "want"
  | "ready"
  | "dialled"
  | "dial-failed"
  | "accepted"
  /** The peer could not connect to us either. */
  | "failed"
  | "lost"
  | "undeliverable"
  | "alive"
  | "exited"
  /** The peer wants to connect, wants to be connected to, or has opened a relayed link. */
  | "expect"
  | "dial-me"
  | "relayed";

/** What is to be done, in this order. */
export type LinkStep =
  | "ask"
  | "answer"
  | "dial"
  | "ask to be dialled"
  | "dial back"
  | "tell of the failure"
  | "open a relay"
  | "check"
  /** An earlier attempt, or the link that the peer no longer has, ends. */
  | "abandon";

export type LinkMove = readonly [next: LinkState, ...steps: LinkStep[]];

/** The one place that knows what follows. An event that has no meaning in a state changes nothing. */
export function nextLink(state: LinkState, event: LinkEvent, hasLowerPid: boolean): LinkMove {
  if (state === "over") return ["over"];
  switch (event) {
    case "exited":
      return ["over", "abandon"];
    case "want":
      return state === "idle" ? ["asking", "ask"] : [state];
    case "ready":
      return state === "asking" ? ["dialling", "dial"] : [state];
    case "dialled":
      return state === "dialling" || state === "dialling-back" ? ["linked"] : [state];
    case "dial-failed":
      if (state === "dialling") return ["called", "ask to be dialled"];
      return state === "dialling-back" ? ["expecting", "tell of the failure"] : [state];
    case "accepted":
      return state === "expecting" || state === "called" ? ["linked"] : [state];
    case "failed":
      return state === "called" ? ["linked", "open a relay"] : [state];
    case "lost":
      return state === "linked" ? ["checking", "check"] : [state];
    case "undeliverable":
      return state === "asking" || state === "called" ? ["checking", "abandon", "check"] : [state];
    case "alive":
      return state === "checking" ? ["idle"] : [state];
    case "expect":
      // Both want it: the peer, which has the higher pid, will see our wish and follow.
      if (state === "asking" && hasLowerPid) return [state];
      return ["expecting", "abandon", "answer"];
    case "dial-me":
      return ["dialling-back", "abandon", "dial back"];
    case "relayed":
      return ["linked", "abandon"];
  }
}
