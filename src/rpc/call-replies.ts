import { SerializationError } from "../errors.js";
import type { EncodedValue, Encoder } from "../protocol/codec.js";
import { MessageType } from "../protocol/message.js";
import type { Connection } from "../transport/transport.js";
import { encodeFailure, FailureKind, failureKindOf } from "./failure.js";
import type { ReferenceTraffic } from "./reference-traffic.js";

export interface CallRepliesOptions {
  readonly connection: Connection;
  readonly encoder: Encoder;
  readonly maxMessageBytes: number;
  readonly peerPid: number;
  readonly references: ReferenceTraffic;
}

/** Answers the calls of a peer. Whatever cannot travel, or is too large, becomes the failure of that one call. */
export class CallReplies {
  readonly #connection: Connection;
  readonly #encoder: Encoder;
  readonly #peerPid: number;
  readonly #references: ReferenceTraffic;
  maxMessageBytes: number;

  constructor(options: CallRepliesOptions) {
    this.#connection = options.connection;
    this.#encoder = options.encoder;
    this.#peerPid = options.peerPid;
    this.#references = options.references;
    this.maxMessageBytes = options.maxMessageBytes;
  }

  result(id: number, value: unknown): void {
    try {
      const encoded = this.#encoder.encode(value, "result");
      const size = sizeOf(encoded);
      if (size > this.maxMessageBytes) {
        throw new SerializationError(
          "ERR_MESSAGE_TOO_LARGE",
          `the result takes ${size} bytes; the limit is ${this.maxMessageBytes}. Return less at once, or raise ` +
            `maxMessageBytes of the cluster`,
        );
      }
      this.#send(MessageType.result, id, 0, encoded);
    } catch (error) {
      this.failure(id, error);
    }
  }

  failure(id: number, error: unknown, kind: FailureKind = failureKindOf(error)): void {
    const encoded = encodeFailure(this.#encoder, error);
    const size = sizeOf(encoded);
    if (size > this.maxMessageBytes) {
      const message = `what the function threw takes ${size} bytes; the limit is ${this.maxMessageBytes}`;
      const tooLarge = new SerializationError("ERR_MESSAGE_TOO_LARGE", message);
      return this.failure(id, tooLarge, FailureKind.tooLarge);
    }
    this.#send(MessageType.failure, id, kind, encoded);
  }

  #send(type: number, id: number, aux: number, { body, segments, carried }: EncodedValue): void {
    this.#connection.send({ type, flags: 0, id, aux, body, segments });
    if (carried.length > 0) this.#references.sent(carried, this.#peerPid);
  }
}

function sizeOf({ body, segments }: EncodedValue): number {
  return segments.reduce((sum, segment) => sum + segment.length, body.length);
}
