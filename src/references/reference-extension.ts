import { RemoteError } from "../errors.js";
import type { ValueExtension } from "../protocol/value-extension.js";
import { Broadcast } from "./broadcast.js";
import { Future } from "./future.js";
import { Hold } from "./handle-table.js";
import { describeReference, type ReferenceId } from "./reference-id.js";
import { Reference } from "./reference.js";
import type { References } from "./references.js";
import { RemoteStream } from "./remote-stream.js";

/** What kind of reference travels. Only ever appended. */
export const ReferenceKind = {
  future: 0,
  channel: 1,
  fetchedFuture: 2,
  failedFuture: 3,
  stream: 4,
  broadcast: 5,
} as const;

type EncodedReference = readonly [
  kind: number,
  owner: number,
  creator: number,
  number: number,
  ...content: unknown[],
];

/** How references travel: by their name, or, if they were fetched, with what they hold. */
export function referenceExtension(references: References): ValueExtension<Reference> {
  return {
    tag: 2,
    matches: (value): value is Reference => value instanceof Reference,
    encode: (reference) => encode(references, reference),
    decode: (data) => decode(references, data as EncodedReference),
  };
}

function encode(references: References, reference: Reference): EncodedReference {
  const { owner, creator, number } = reference.hold.id;
  if (!reference.belongsTo(references)) {
    throw new Error("is a reference of another cluster, whose processes this one cannot reach");
  }
  const fetched = reference instanceof Future ? reference.fetched : undefined;
  if (fetched !== undefined && "value" in fetched) {
    return [ReferenceKind.fetchedFuture, owner, creator, number, fetched.value];
  }
  if (fetched !== undefined) {
    const { message, pid, remoteName, remoteStack, cause } = fetched.error;
    return [ReferenceKind.failedFuture, owner, creator, number, message, pid, remoteName, remoteStack, cause];
  }
  if (reference.isReleased) {
    throw new Error(`is ${describeReference(reference.hold.id)}, which was released here and leads nowhere`);
  }
  if (reference instanceof RemoteStream) {
    if (reference.isBegun)
      throw new Error("is a stream that is being read here; only one that is untouched can be sent on");
    return [ReferenceKind.stream, owner, creator, number];
  }
  if (reference instanceof Broadcast) return [ReferenceKind.broadcast, owner, creator, number];
  const kind = reference instanceof Future ? ReferenceKind.future : ReferenceKind.channel;
  return [kind, owner, creator, number];
}

function decode(
  references: References,
  [kind, owner, creator, number, ...content]: EncodedReference,
): Reference {
  const id: ReferenceId = { owner, creator, number };
  switch (kind) {
    case ReferenceKind.future:
    case ReferenceKind.channel: {
      const reference = kind === ReferenceKind.future ? references.future(id) : references.channel(id);
      references.arrived(reference);
      return reference;
    }
    case ReferenceKind.stream: {
      const stream = references.stream(id);
      references.arrived(stream);
      return stream;
    }
    case ReferenceKind.broadcast: {
      const broadcast = references.broadcast(id);
      references.arrived(broadcast);
      return broadcast;
    }
    case ReferenceKind.fetchedFuture:
      return new Future(references, nothingHeld(id), undefined, { value: content[0] });
    case ReferenceKind.failedFuture: {
      const [message, pid, name, stack, cause] = content as [string, number, string, string, unknown];
      const error = new RemoteError(message, pid, name, stack, cause === undefined ? undefined : { cause });
      return new Future(references, nothingHeld(id), undefined, { error });
    }
    default:
      throw new Error(`there is no kind ${kind} of references here`);
  }
}

/** A future that travels with its value owes nobody anything. */
function nothingHeld(id: ReferenceId): Hold {
  const hold = new Hold(id);
  hold.isReleased = true;
  return hold;
}
