import { ServiceError } from "../errors.js";
import type { RequestReader } from "../validation.js";

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextToken?: string;
}

/**
 * The page that a request asks for with `maxResults` (1 to 100, default 100) and `nextToken`. A token holds the key of the
 * last item of its page, so a page stays right when items before it disappear. Keys must be unique.
 */
export function readPage<T>(
  reader: RequestReader,
  items: readonly T[],
  keyOf: (item: T) => string,
  isAfter: (item: T, key: string) => boolean,
): Page<T> {
  const size = reader.integer("maxResults", { min: 1, max: 100 }) ?? 100;
  const token = reader.string("nextToken");
  const after = token === undefined ? undefined : keyOfToken(token);
  const rest = after === undefined ? items : items.filter((item) => isAfter(item, after));
  const page = rest.slice(0, size);
  const last = page.at(-1);
  return rest.length > size && last !== undefined
    ? { items: page, nextToken: tokenOfKey(keyOf(last)) }
    : { items: page };
}

/** The page of a list that is sorted by its own text, upwards. */
export function readSortedPage(reader: RequestReader, items: readonly string[]): Page<string> {
  return readPage(
    reader,
    items.toSorted(),
    (item) => item,
    (item, key) => item > key,
  );
}

function tokenOfKey(key: string): string {
  return Buffer.from(JSON.stringify([key]), "utf8").toString("base64url");
}

function keyOfToken(token: string): string {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    if (Array.isArray(parsed) && typeof parsed[0] === "string") return parsed[0];
  } catch {
    // Refused below, like any other text that is not a token of ours.
  }
  throw new ServiceError("InvalidParameterException", "Invalid token.");
}
