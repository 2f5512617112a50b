/** What was thrown, in a form that can always travel. */
export interface ThrownDescription {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** What was thrown, if it can travel. */
  readonly thrown?: unknown;
}

/** Never throws, whatever the value does when it is looked at. */
export function describeThrown(thrown: unknown): ThrownDescription {
  try {
    if (thrown instanceof Error) {
      // Whatever the types say, programs put all kinds of values there.
      const {
        name,
        message,
        stack = "",
      }: Record<"name" | "message" | "stack", unknown> = {
        stack: thrown.stack,
        name: thrown.name,
        message: thrown.message,
      };
      return { name: String(name), message: String(message), stack: String(stack) };
    }
    return { name: typeof thrown, message: String(thrown), stack: "" };
  } catch {
    return { name: "unknown", message: "a value that cannot be turned into text was thrown", stack: "" };
  }
}
