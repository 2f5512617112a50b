/**
 * A token bucket: tells how long to wait before the next request. ECS counts requests per account and region, shared
 * with everyone else there (Amazon ECS API reference, "Request throttling"), so Rollcall stays at half of that.
 */
export class RequestPace {
  #tokens: number;
  #at: number;
  readonly #burst: number;
  readonly #perSecond: number;

  constructor(burst: number, perSecond: number, now: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#tokens = burst;
    this.#at = now;
  }

  /** Takes a place in the queue; the request may be sent after so many milliseconds. */
  take(now: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) * this.#perSecond) / 1000);
    this.#at = now;
    this.#tokens -= 1;
    return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens * 1000) / this.#perSecond);
  }
}

/** RunTask and StopTask share one bucket of 100, refilled at 40 a second. */
export const MODIFY_BURST = 50;
export const MODIFY_PER_SECOND = 20;
