/** When a peer counts as silent. All in milliseconds. */
export interface HeartbeatOptions {
  /** How often a ping goes out. */
  readonly intervalMs: number;
  /** Silence after which a peer is suspected. */
  readonly suspectMs: number;
  /** Silence after which it is given up. */
  readonly lostMs: number;
}

export type HeartbeatVerdict = "alive" | "suspect" | "lost";

/**
 * Decides from the times of ticks and answers whether a peer is still there. Pure: time comes in as `now`.
 *
 * An observer that was itself held up cannot tell a silent peer from answers that it has not read yet: time that
 * passed while no tick came is not counted against the peer.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #lastTick: number;
  /** Silence so far, with our own delays taken out. */
  #silence = 0;

  constructor(options: HeartbeatOptions, now: number) {
    this.#options = options;
    this.#lastTick = now;
  }

  /** Any sign of life. */
  heard(): void {
    this.#silence = 0;
  }

  /** To be called every `intervalMs`, right before a ping is sent. */
  tick(now: number): HeartbeatVerdict {
    const passed = now - this.#lastTick;
    this.#lastTick = now;
    this.#silence += Math.min(passed, 2 * this.#options.intervalMs);
    if (this.#silence >= this.#options.lostMs) return "lost";
    return this.#silence >= this.#options.suspectMs ? "suspect" : "alive";
  }
}
