import { formatToken } from "../protocol/join-token.js";

interface JoinToken {
  readonly launchId: string;
  readonly secret: Uint8Array;
  usesLeft: number;
  isOver: boolean;
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
  readonly #tokens = new Map<string, JoinToken>();

  /** `secret` must be random, 32 bytes. Returns the token as it goes into a worker's environment. */
  issue(launchId: string, uses: number, id: string, secret: Uint8Array): string {
    this.#tokens.set(id, { launchId, secret, usesLeft: uses, isOver: false });
    for (const [oldest, token] of this.#tokens) {
      if (this.#tokens.size <= MAX_REMEMBERED || !token.isOver) break;
      this.#tokens.delete(oldest);
    }
    return formatToken(id, secret);
  }

  /** What is to be thought of a connection that names this token. It has proved nothing yet. */
  look(id: string): TokenVerdict {
    const token = this.#tokens.get(id);
    if (token === undefined) return { kind: "unknown" };
    const { launchId, secret } = token;
    return token.isOver || token.usesLeft === 0
      ? { kind: "over", secret }
      : { kind: "valid", launchId, secret };
  }

  /** Counts one worker in; false if the token is used up or its launch over. */
  use(id: string): boolean {
    const token = this.#tokens.get(id);
    if (token === undefined || token.isOver || token.usesLeft === 0) return false;
    token.usesLeft--;
    return true;
  }

  end(launchId: string): void {
    for (const token of this.#tokens.values()) if (token.launchId === launchId) token.isOver = true;
  }
}
