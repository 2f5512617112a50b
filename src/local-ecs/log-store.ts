export interface LogEvent {
  /** Position in its stream, from 0, never reused. */
  readonly index: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly message: string;
}

export interface LogStream {
  readonly group: string;
  readonly name: string;
  readonly createdAt: number;
  readonly events: readonly LogEvent[];
}

interface StoredStream extends LogStream {
  readonly events: LogEvent[];
  next: number;
  bytes: number;
}

/** CloudWatch Logs counts this much for each event on top of its text. */
const EVENT_OVERHEAD_BYTES = 26;

/**
 * What containers with the `awslogs` driver wrote. Each stream keeps its newest lines, up to `bytesPerStream`; older ones
 * are dropped, and keep their place in the numbering. A stream lives as long as its task can be described.
 */
export class LogStore {
  readonly #groups = new Map<string, Map<string, StoredStream>>();

  constructor(private readonly bytesPerStream: number) {}

  /** Creates the stream, and its group, unless they are there. */
  createStream(group: string, name: string, now: number): void {
    const streams = this.#groups.get(group) ?? new Map<string, StoredStream>();
    this.#groups.set(group, streams);
    if (!streams.has(name)) streams.set(name, { group, name, createdAt: now, events: [], next: 0, bytes: 0 });
  }

  append(group: string, name: string, now: number, message: string): void {
    const stream = this.#groups.get(group)?.get(name);
    if (stream === undefined) return;
    stream.events.push({ index: stream.next, timestamp: now, message });
    stream.next += 1;
    stream.bytes += sizeOf(message);
    if (stream.bytes > this.bytesPerStream) this.#trim(stream);
  }

  removeStream(group: string, name: string): void {
    this.#groups.get(group)?.delete(name);
  }

  hasGroup(group: string): boolean {
    return this.#groups.has(group);
  }

  stream(group: string, name: string): LogStream | undefined {
    return this.#groups.get(group)?.get(name);
  }

  /** The streams of a group in the order of their names. */
  streams(group: string): readonly LogStream[] {
    return [...(this.#groups.get(group)?.values() ?? [])].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Drops to three quarters at once, so that a full stream does not move its events for every line. */
  #trim(stream: StoredStream): void {
    const target = this.bytesPerStream * 0.75;
    let dropped = 0;
    while (stream.bytes > target && dropped < stream.events.length - 1) {
      stream.bytes -= sizeOf(stream.events[dropped]?.message ?? "");
      dropped += 1;
    }
    stream.events.splice(0, dropped);
  }
}

function sizeOf(message: string): number {
  return Buffer.byteLength(message) + EVENT_OVERHEAD_BYTES;
}
