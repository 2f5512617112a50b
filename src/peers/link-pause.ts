import { deferred, type Deferred } from "../util/deferred.js";

const LONGEST_MS = 100;

/**
 * A process that computes cannot connect to anyone, and those that could help it would find nothing to do. So a worker that
 * makes links, because a map on it has items for others, keeps its own share back until they stand, or for a moment at
 * the most.
 */
export class LinkPause {
  #making = 0;
  #pause: Deferred<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Resolves when it is over; undefined if there is none. */
  get over(): Promise<void> | undefined {
    return this.#pause?.promise;
  }

  /** One more link is being made. */
  making(link: Promise<void>): void {
    this.#making++;
    if (this.#pause === undefined) {
      this.#pause = deferred();
      this.#timer = setTimeout(() => this.end(), LONGEST_MS);
    }
    const made = (): void => {
      if (--this.#making === 0) this.end();
    };
    link.then(made, made);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#pause?.resolve();
    this.#pause = undefined;
  }
}
