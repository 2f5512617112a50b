import { ProcessExitedError, type ExitReason } from "../errors.js";
import { mayLink, type Topology } from "../peers/topology.js";
import { MessageType, type Message } from "../protocol/message.js";
import type { MembersMessage, UndeliverableMessage, WhoIsMessage } from "../protocol/peer-messages.js";
import type { Member } from "./member.js";
import { entryOf, exitOf } from "./member-news.js";
import type { Members } from "./members.js";

/** How long the end of a worker's own connection may take to be noticed here, after another worker has lost it. */
const NOTICE_MS = 300;

/** Brings workers together: answers who is who, and passes on what they say to each other, unread. */
export class PeerBroker {
  readonly #members: Members;
  readonly #topology: Topology;
  /** Who asked about a worker that is going, and waits for the reason. */
  readonly #asking = new Map<number, Set<Member>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #isClosed = false;

  constructor(members: Members, topology: Topology) {
    this.#members = members;
    this.#topology = topology;
  }

  /** A message of a worker for the one that `aux` names. It arrives with `aux` naming the sender. */
  forward(from: Member, message: Message): void {
    const target = this.#members.find(message.aux);
    if (target !== undefined && target.state !== "gone" && mayLink(this.#topology, from, target)) {
      target.session.forward({ ...message, aux: from.pid });
    } else {
      from.session.post(MessageType.undeliverable, { pid: message.aux } satisfies UndeliverableMessage);
    }
  }

  whoIs(from: Member, { pid, isLost }: WhoIsMessage): void {
    if (this.#isClosed) return;
    if (!isLost) return this.#answer(from, pid);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#answer(from, pid);
    }, NOTICE_MS);
    this.#timers.add(timer);
  }

  exited(pid: number, reason: ExitReason): void {
    const asking = this.#asking.get(pid) ?? [];
    this.#asking.delete(pid);
    for (const member of asking) reply(member, { exited: [exitOf(pid, reason)] });
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #answer(from: Member, pid: number): void {
    let member: Member;
    try {
      member = this.#members.get(pid);
    } catch (error) {
      return reply(
        from,
        error instanceof ProcessExitedError ? { exited: [exitOf(pid, error.reason)] } : { unknown: [pid] },
      );
    }
    if (member.takesCalls) {
      // Its own entry too: in a custom topology it matters, and the news may still be on their way.
      return reply(from, { joined: [entryOf(member), entryOf(from)] });
    }
    const asking = this.#asking.get(pid) ?? new Set();
    this.#asking.set(pid, asking.add(from));
  }
}

function reply(to: Member, message: MembersMessage): void {
  to.session.post(MessageType.members, message);
}
