import { ClusterManagerError } from "../../errors.js";
import { isRecord } from "../../util/option-checks.js";
import { MANAGER_NAME } from "./ecs-errors.js";

/**
 * What a serializer wrote of `given`, with the members that it left out, at any depth. What it wrote stays as it is.
 * `null` means "not set", as it does to serializers and ECS.
 */
export function withLeftOut(sent: unknown, given: unknown): unknown {
  if (Array.isArray(sent) && Array.isArray(given)) {
    const items = given.filter(isSet);
    return items.length === sent.length ? sent.map((item, index) => withLeftOut(item, items[index])) : sent;
  }
  if (!isRecord(sent) || !isRecord(given)) return sent;
  const added = Object.entries(given)
    .filter(([, value]) => isSet(value))
    .map(([name, value]) => [name, Object.hasOwn(sent, name) ? withLeftOut(sent[name], value) : value]);
  return { ...sent, ...Object.fromEntries(added) };
}

/**
 * Adds to a request of the SDK, before it is measured and signed, what its serializer left out of `input`: it writes
 * no members but those that its version knows. Throws a `ClusterManagerError` if that cannot be done and members of
 * the option `runTask` might be missing.
 *
 * @param raw Names of the members that came from `runTask`.
 */
export function completeBody(request: unknown, input: object, raw: readonly string[]): void {
  const sent = isRecord(request) ? jsonOf(request["body"]) : undefined;
  if (!isRecord(request) || !isRecord(sent)) {
    if (raw.length === 0) return;
    throw new ClusterManagerError(
      `runTask: ${raw.join(", ")} might not reach ECS: the AWS SDK wrote a request (${contentType(request)}) to which ` +
        `Rollcall cannot add members; leave them out, or use a version of @aws-sdk/client-ecs that writes JSON`,
      MANAGER_NAME,
    );
  }
  const before = JSON.stringify(sent);
  const after = JSON.stringify(withLeftOut(sent, input));
  if (after !== before) request["body"] = after;
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** Versions of the SDK write text or the bytes of it. */
function jsonOf(body: unknown): unknown {
  try {
    return JSON.parse(body instanceof Uint8Array ? new TextDecoder().decode(body) : String(body));
  } catch {
    return undefined;
  }
}

function contentType(request: unknown): string {
  const headers = isRecord(request) ? request["headers"] : undefined;
  const type = isRecord(headers) ? headers["content-type"] : undefined;
  return typeof type === "string" ? type : "of unknown form";
}
