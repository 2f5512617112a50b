import { formatToken } from "../protocol/join-token.js";

interface JoinToken {
  readonly launchId: string;
  readonly secret: Uint8Array;
  usesLeft: number;
}

export type TokenVerdict =
  | { readonly kind: "valid"; readonly launchId: string; readonly secret: Uint8Array }
  | { readonly kind: "over"; readonly secret: Uint8Array }
  | { readonly kind: "unknown" };

/** Tokens of launches that are over are remembered so that late workers can be told; the oldest are forgotten. */
const MAX_REMEMBERED = 10_000;

/**
 * The join tokens of a cluster's launches. A token lets as many workers in as it was issued for, until its launch
 * ends. (Workers that were started by one request share one environment, hence one token.)
 */
export class JoinTokens {
  /** Of launches under way. */
  readonly #open = new Map<string, JoinToken>();
  /** Secrets of tokens whose launch is over, oldest first. */
  readonly #over = new Map<string, Uint8Array>();

  /** `secret` must be random, 32 bytes. Returns the token as it goes into a worker's environment. */
  issue(launchId: string, uses: number, id: string, secret: Uint8Array): string {
    this.#open.set(id, { launchId, secret, usesLeft: uses });
    return formatToken(id, secret);
  }

  /** What is to be thought of a connection that names this token. It has proved nothing yet. */
  look(id: string): TokenVerdict {
    const over = this.#over.get(id);
    if (over !== undefined) return { kind: "over", secret: over };
    const token = this.#open.get(id);
    if (token === undefined) return { kind: "unknown" };
    const { launchId, secret, usesLeft } = token;
    return usesLeft === 0 ? { kind: "over", secret } : { kind: "valid", launchId, secret };
  }

  /** Counts one worker in; false if the token is used up or its launch over. */
  use(id: string): boolean {
    const token = this.#open.get(id);
    if (token === undefined || token.usesLeft === 0) return false;
    token.usesLeft--;
    return true;
  }

  end(launchId: string): void {
    for (const [id, token] of this.#open) {
      if (token.launchId !== launchId) continue;
      this.#open.delete(id);
      this.#over.set(id, token.secret);
    }
    for (const oldest of this.#over.keys()) {
      if (this.#over.size <= MAX_REMEMBERED) break;
      this.#over.delete(oldest);
    }
  }
}
