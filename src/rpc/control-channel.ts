import type { Codec, Decoder, Encoder } from "../protocol/codec.js";
import type { Connection } from "../transport/transport.js";
import type { AuthenticatedConnection } from "./handshake-exchange.js";

export interface ControlHandlers {
  message(type: number, content: unknown): void;
  /** There is room again. */
  drained?(): void;
  /** Called once. Without a reason the peer ended the channel in good order. */
  closed(reason: Error | undefined): void;
}

/** The connection on which a worker reports in, stays in touch and is told to leave. Owns the connection. */
export class ControlChannel {
  readonly #connection: Connection;
  readonly #encoder: Encoder;
  readonly #decoder: Decoder;

  constructor(peer: AuthenticatedConnection, codec: Codec, handlers: ControlHandlers) {
    this.#encoder = codec.encoder;
    this.#decoder = codec.decoder;
    this.#connection = peer.connection;
    peer.takeOver({
      message: (message) => {
        let content: unknown;
        try {
          content =
            message.body.length === 0 ? undefined : this.#decoder.decode(message.body, message.segments);
        } catch (error) {
          this.#connection.destroy(error as Error);
          return;
        }
        handlers.message(message.type, content);
      },
      drained: () => handlers.drained?.(),
      closed: (reason) => handlers.closed(reason),
    });
  }

  /** False while the peer reads too slowly; what need not be sent should then be dropped or kept back. */
  get hasRoom(): boolean {
    return this.#connection.hasRoom;
  }

  post(type: number, content?: unknown): void {
    if (content === undefined) {
      this.#connection.send({ type, flags: 0, id: 0, aux: 0, body: nothing, segments: [] });
      return;
    }
    const { body, segments } = this.#encoder.encode(content);
    this.#connection.send({ type, flags: 0, id: 0, aux: 0, body, segments });
  }

  flush(): void {
    this.#connection.flush();
  }

  /** Ends the channel after what is queued has been sent. */
  end(): void {
    this.#connection.end();
  }

  abort(reason?: Error): void {
    this.#connection.destroy(reason);
  }
}

const nothing = new Uint8Array(0);
