/** The form in which a join token stands in a worker's environment: `<id>.<secret, base64url>`. */
export function formatToken(id: string, secret: Uint8Array): string {
  return `${id}.${Buffer.from(secret).toString("base64url")}`;
}

/** The reverse; undefined if the text is no token. */
export function parseToken(text: string): { id: string; secret: Uint8Array } | undefined {
  const match = /^([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{22,})$/.exec(text);
  return match === null ? undefined : { id: match[1]!, secret: Buffer.from(match[2]!, "base64url") };
}
