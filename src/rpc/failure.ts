import type { RollcallError } from "../errors.js";
import { CallInterruptedError, FunctionNotFoundError, RemoteError, SerializationError } from "../errors.js";
import type { Decoder, EncodedValue, Encoder } from "../protocol/codec.js";
import { describeThrown, type ThrownDescription } from "../protocol/thrown-description.js";

/** What kind of failure a reply carries; stands in `aux` of the failure message. Only ever appended. */
export const FailureKind = {
  /** The function threw. */
  thrown: 1,
  /** There is no such function on the worker. */
  functionNotFound: 2,
  /** The arguments could not be decoded. */
  undecodable: 3,
  /** The result could not be encoded. */
  unencodable: 4,
  /** The call was cancelled before it began. */
  cancelled: 5,
  /** No longer sent. */
  unknownReference: 6,
  /** The result is larger than a message may be. */
  tooLarge: 7,
  /** The call was interrupted: by `interrupt`, or by force after its caller had given up. */
  interrupted: 8,
} as const;
export type FailureKind = (typeof FailureKind)[keyof typeof FailureKind];

/** Which failure an error is that came up while a call was served. */
export function failureKindOf(error: unknown): FailureKind {
  if (error instanceof FunctionNotFoundError) return FailureKind.functionNotFound;
  if (error instanceof SerializationError) {
    return serializationKinds[error.code];
  }
  if (error instanceof CallInterruptedError) return FailureKind.interrupted;
  return FailureKind.thrown;
}

const serializationKinds: Record<SerializationError["code"], FailureKind> = {
  ERR_DESERIALIZE: FailureKind.undecodable,
  ERR_SERIALIZE: FailureKind.unencodable,
  ERR_MESSAGE_TOO_LARGE: FailureKind.tooLarge,
};

/** Always succeeds: what was thrown is left out if it cannot travel. */
export function encodeFailure(encoder: Encoder, thrown: unknown): EncodedValue {
  const described = describeThrown(thrown);
  try {
    return encoder.encode({ ...described, thrown } satisfies ThrownDescription);
  } catch {
    // Something within it (a socket as a property, say) cannot travel; name, message and stack can.
    return encoder.encode(described);
  }
}

/** The error that the caller gets. */
export function decodeFailure(
  decoder: Decoder,
  kind: number,
  pid: number,
  body: Uint8Array,
  segments: readonly Uint8Array[],
): RollcallError {
  const failure = decoder.decode(body, segments) as ThrownDescription;
  switch (kind) {
    case FailureKind.functionNotFound:
      return new FunctionNotFoundError(`${where(pid)}: ${failure.message}`, causeOf(failure));
    case FailureKind.undecodable:
      return new SerializationError("ERR_DESERIALIZE", `${where(pid)}: ${failure.message}`);
    case FailureKind.unencodable:
      return new SerializationError("ERR_SERIALIZE", `${where(pid)}: ${failure.message}`);
    case FailureKind.tooLarge:
      return new SerializationError("ERR_MESSAGE_TOO_LARGE", `${where(pid)}: ${failure.message}`);
    case FailureKind.interrupted:
      return new CallInterruptedError(`${where(pid)}: ${failure.message}`);
    default:
      return remoteError(failure, pid);
  }
}

/** What user code threw on `pid`, as its caller gets it. */
export function remoteError(failure: ThrownDescription, pid: number): RemoteError {
  return new RemoteError(
    `${where(pid)}: ${failure.name}: ${failure.message}`,
    pid,
    failure.name,
    failure.stack,
    "thrown" in failure ? { cause: failure.thrown } : undefined,
  );
}

function where(pid: number): string {
  return pid === 1 ? "on the manager" : `on worker ${pid}`;
}

function causeOf(failure: ThrownDescription): ErrorOptions | undefined {
  const thrown = failure.thrown;
  return thrown instanceof Error && thrown.cause !== undefined ? { cause: thrown.cause } : undefined;
}
