import { ConnectionClosedError } from "../errors.js";
import type { CodeMessage, CodeQuestion, CodeWantedMessage } from "../protocol/code-messages.js";
import { MessageType } from "../protocol/message.js";
import { deferred, type Deferred } from "../util/deferred.js";
import type { Session } from "./session.js";

/** Questions for code that a worker has put to its manager and that are not answered yet. */
export class CodeRequests {
  readonly #open = new Map<number, Deferred<unknown>>();
  #manager: Session | undefined;
  #next = 1;
  #closed: Error | undefined;

  /** The session with the manager; questions may be put from now on. */
  connect(manager: Session): void {
    this.#manager = manager;
  }

  /** Rejects with what the manager gives as the reason if it has no answer, or once the manager is gone. */
  ask(question: CodeQuestion): Promise<unknown> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (this.#manager === undefined) return Promise.reject(new ConnectionClosedError("not joined yet"));
    const request = this.#next++;
    const answer = deferred<unknown>();
    this.#open.set(request, answer);
    this.#manager.post(MessageType.codeWanted, { request, ...question } satisfies CodeWantedMessage);
    return answer.promise;
  }

  answered(message: CodeMessage): void {
    const open = this.#open.get(message.request);
    this.#open.delete(message.request);
    if ("refusal" in message) open?.reject(new Error(message.refusal));
    else open?.resolve(message.answer);
  }

  close(reason: Error): void {
    this.#closed ??= reason;
    for (const open of this.#open.values()) open.reject(this.#closed);
    this.#open.clear();
  }
}
