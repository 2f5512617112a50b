import { ServiceError, type ServiceErrorCode } from "./errors.js";

export type JsonObject = { readonly [name: string]: unknown };

/** A range for a number or for the length of a list. Both ends are allowed. */
export interface Range {
  readonly min?: number;
  readonly max?: number;
}

/**
 * Reads the members of one request, or of a structure inside it. A member of the wrong JSON type is a
 * `SerializationException`, as on the real service; a wrong value is refused with the code of the operation.
 * A member that is absent or null reads as undefined. Unknown members are ignored, as the service does.
 */
export class RequestReader {
  constructor(
    readonly json: JsonObject,
    readonly invalid: ServiceErrorCode = "InvalidParameterException",
    private readonly path = "",
  ) {}

  string(name: string): string | undefined {
    const value = this.json[name] ?? undefined;
    if (value === undefined || typeof value === "string") return value;
    throw this.#wrongType(name, "a string", value);
  }

  /** A string that is there and not empty. */
  requiredString(name: string, message = `${this.nameOf(name)} can not be blank.`): string {
    const value = this.string(name);
    if (value === undefined || value === "") throw new ServiceError(this.invalid, message);
    return value;
  }

  boolean(name: string): boolean | undefined {
    const value = this.json[name] ?? undefined;
    if (value === undefined || typeof value === "boolean") return value;
    throw this.#wrongType(name, "a boolean", value);
  }

  integer(name: string, range: Range = {}): number | undefined {
    const value = this.json[name] ?? undefined;
    if (value === undefined) return undefined;
    if (typeof value !== "number" || !Number.isInteger(value))
      throw this.#wrongType(name, "an integer", value);
    this.#checkRange(name, value, range, `${value}`);
    return value;
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T | undefined {
    const value = this.string(name);
    const known = values.find((one) => one === value);
    if (value === undefined || known !== undefined) return known;
    throw new ServiceError(
      this.invalid,
      `${this.nameOf(name)} must be one of ${values.join(", ")}; it is "${value}".`,
    );
  }

  /** The strings of a list; an absent list is empty. */
  strings(name: string, range: Range = {}): readonly string[] {
    return this.#list(name, range).map((value, index) => {
      if (typeof value === "string") return value;
      throw this.#wrongType(`${name}[${index}]`, "a string", value);
    });
  }

  object(name: string): RequestReader | undefined {
    const value = this.json[name] ?? undefined;
    return value === undefined ? undefined : this.#nested(name, value);
  }

  /** The structures of a list; an absent list is empty. */
  objects(name: string, range: Range = {}): readonly RequestReader[] {
    return this.#list(name, range).map((value, index) => this.#nested(`${name}[${index}]`, value));
  }

  has(name: string): boolean {
    return (this.json[name] ?? undefined) !== undefined;
  }

  /** The member's place in the request, for messages: `overrides.containerOverrides[0].name`. */
  nameOf(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }

  #list(name: string, range: Range): readonly unknown[] {
    const value = this.json[name] ?? undefined;
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw this.#wrongType(name, "a list", value);
    this.#checkRange(name, value.length, range, `a list of ${value.length}`);
    return value;
  }

  #nested(name: string, value: unknown): RequestReader {
    if (!isJsonObject(value)) throw this.#wrongType(name, "a structure", value);
    return new RequestReader(value, this.invalid, this.nameOf(name));
  }

  #checkRange(name: string, value: number, { min = -Infinity, max = Infinity }: Range, shown: string): void {
    if (value >= min && value <= max) return;
    const wanted =
      max === Infinity
        ? `at least ${min}`
        : min === -Infinity
          ? `at most ${max}`
          : `between ${min} and ${max}`;
    throw new ServiceError(this.invalid, `${this.nameOf(name)} must be ${wanted}; it is ${shown}.`);
  }

  #wrongType(name: string, wanted: string, value: unknown): ServiceError {
    return new ServiceError(
      "SerializationException",
      `${this.nameOf(name)} must be ${wanted}; it is ${JSON.stringify(value)}.`,
    );
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** At most 50 tags, keys of 1 to 128 and values of at most 256 characters, no `aws:` keys (ECS API Reference, `Tag`). */
export function readTags(reader: RequestReader, name = "tags"): Map<string, string> {
  const tags = new Map<string, string>();
  for (const item of reader.objects(name, { max: 50 })) {
    const key = item.requiredString("key");
    const value = item.string("value") ?? "";
    if (key.length > 128 || value.length > 256 || key.toLowerCase().startsWith("aws:")) {
      throw new ServiceError(
        "InvalidParameterException",
        `${item.nameOf("key")}: a tag key has at most 128 characters and does not begin with "aws:", ` +
          `a value has at most 256 characters; the key is "${key}".`,
      );
    }
    tags.set(key, value);
  }
  return tags;
}

export function tagList(tags: ReadonlyMap<string, string>): { key: string; value: string }[] {
  return [...tags].map(([key, value]) => ({ key, value }));
}

/** JSON with sorted members: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    isJsonObject(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
