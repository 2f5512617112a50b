import { HandshakeError } from "../errors.js";
import type { Connection } from "../transport/transport.js";

/**
 * The connections of one port that have not proved themselves. They may be only so many: one more turns away the one
 * that has been silent for longest, so that whoever knows the secret gets in, however many do not.
 */
export class Strangers {
  readonly #connections = new Set<Connection>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  add(connection: Connection): void {
    if (this.#connections.size >= this.#most) this.#turnAwayOldest();
    this.#connections.add(connection);
  }

  /** It has proved itself, or is gone. */
  remove(connection: Connection): void {
    this.#connections.delete(connection);
  }

  #turnAwayOldest(): void {
    for (const oldest of this.#connections) {
      this.#connections.delete(oldest);
      const message = `${oldest.remote} made room: ${this.#most} connections had not proved themselves`;
      return oldest.destroy(new HandshakeError("ERR_HANDSHAKE_TIMEOUT", message));
    }
  }
}
