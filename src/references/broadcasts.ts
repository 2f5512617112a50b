import { LinkLostError, NoSuchProcessError, ProcessExitedError, ReferenceReleasedError } from "../errors.js";
import { newCodec } from "../protocol/codec.js";
import type { ValueExtension } from "../protocol/value-extension.js";
import { Answer } from "./answers.js";
import { branches } from "./broadcast-tree.js";
import type { Hold } from "./handle-table.js";
import type { OwnerRequests } from "./owner-requests.js";
import { describeReference, type ReferenceId } from "./reference-id.js";
import { Reference } from "./reference.js";
import type { ReferenceTable } from "./reference-table.js";
import { limited, type WaitOptions } from "./wait-options.js";

/** An encoded value: its body, and its large binary parts. */
type Content = readonly Uint8Array[];

/** One process's copy: bytes until somebody looks at it. */
type Copy = { content: Content } | { value: unknown };

/** The value at its maker, as the bytes that everybody is sent. */
export class BroadcastSource {
  /** Processes that may have a copy. */
  readonly reached: Set<number>;
  isEnded = false;
  /** Resolves, and never rejects, when no more is sent on behalf of its maker. */
  placing: Promise<unknown> = Promise.resolve();

  constructor(
    readonly id: ReferenceId,
    readonly content: Content,
    pids: readonly number[],
  ) {
    this.reached = new Set(pids);
  }
}

export interface BroadcastsOptions {
  readonly requests: OwnerRequests;
  /** What lives in this process. */
  readonly table: ReferenceTable;
  readonly release: (hold: Hold) => void;
}

/**
 * One process's part in broadcasts: the values that it made, its copies of those of others, and the branches of their trees
 * that begin with it. A copy is dropped when the maker says so, or is gone.
 */
export class Broadcasts {
  readonly #requests: OwnerRequests;
  readonly #table: ReferenceTable;
  readonly #release: (hold: Hold) => void;
  readonly #codec = newCodec([carriesNoReference]);
  readonly #copies = new Map<string, Copy>();
  readonly #pulls = new Map<string, Promise<unknown>>();
  readonly #holds = new Map<string, Set<Hold>>();
  readonly #dropping = new Set<Promise<void>>();

  constructor({ requests, table, release }: BroadcastsOptions) {
    this.#requests = requests;
    this.#table = table;
    this.#release = release;
  }

  /** Copies that are here. */
  get size(): number {
    return this.#copies.size;
  }

  /** Places a value under a new id of this process, and gives the pids, ascending, where it is. */
  async make(
    newId: () => ReferenceId,
    value: unknown,
    pids: readonly number[],
    waiting: WaitOptions,
  ): Promise<{ id: ReferenceId; placed: number[] }> {
    const content = this.#encode(value);
    const id = newId();
    const others = pids.filter((pid) => pid !== id.owner);
    const source = new BroadcastSource(id, content, others);
    this.#table.begin(id.creator, id.number);
    this.#table.settle(id.creator, id.number, { value: source });
    const placing = this.#place(source, others);
    source.placing = placing.catch(() => {});
    try {
      const missed = new Set(await limited("broadcast", waiting, placing));
      const placed = pids.filter((pid) => !missed.has(pid)).toSorted((one, other) => one - other);
      return { id, placed };
    } catch (error) {
      this.end(id);
      throw error;
    }
  }

  /** A reference to one was made here, or has arrived. */
  held(hold: Hold): void {
    const key = keyOf(hold.id);
    const holds = this.#holds.get(key);
    if (holds === undefined) this.#holds.set(key, new Set([hold]));
    else holds.add(hold);
  }

  /** A reference was let go; perhaps one to a broadcast. */
  released(hold: Hold): void {
    if (this.#holds.size === 0) return;
    const key = keyOf(hold.id);
    const holds = this.#holds.get(key);
    if (holds?.delete(hold) === true && holds.size === 0) this.#holds.delete(key);
  }

  async fetch({ id, isReleased }: Hold): Promise<unknown> {
    if (isReleased) {
      throw new ReferenceReleasedError(`${describeReference(id)} was released, here or by its maker`);
    }
    const key = keyOf(id);
    const copy = this.#copies.get(key);
    if (copy !== undefined) return this.#valueOf(copy);
    let pull = this.#pulls.get(key);
    if (pull === undefined) {
      pull = this.#pull(id, key).finally(() => this.#pulls.delete(key));
      this.#pulls.set(key, pull);
    }
    return pull;
  }

  /** Stores what a parent in the tree has sent, and sends it on. Gives the pids that it has not come to. */
  spread(owner: number, number: number, content: Content, pids: readonly number[]): Promise<number[]> {
    const id: ReferenceId = { owner, creator: owner, number };
    const key = keyOf(id);
    if (!this.#copies.has(key) && !this.#table.hasExited(owner)) this.#copies.set(key, { content });
    return this.#spread(id, content, pids);
  }

  /** A process that was not sent it asks for it. */
  give(source: BroadcastSource, pid: number): Answer {
    source.reached.add(pid);
    return [Answer.done, source.content];
  }

  /** Its maker is done with it, whoever still holds it. */
  end({ creator, number }: ReferenceId): void {
    const stored = this.#table.find(creator, number);
    if (stored === undefined || stored === "released") return;
    if (stored.outcome !== undefined && "value" in stored.outcome) {
      const source = stored.outcome.value as BroadcastSource;
      for (const pid of stored.holders.keys()) if (pid !== source.id.owner) source.reached.add(pid);
    }
    this.#table.end(creator, number);
  }

  /** The value of its maker is gone: so are its copies. */
  clear(source: BroadcastSource): void {
    source.isEnded = true;
    const { owner, number } = source.id;
    this.forget(owner, number);
    const dropping = this.#drop(source).finally(() => this.#dropping.delete(dropping));
    this.#dropping.add(dropping);
  }

  /** The maker of a copy has dropped it. */
  forget(owner: number, number: number): void {
    const key = keyOf({ owner, creator: owner, number });
    this.#copies.delete(key);
    for (const hold of this.#holds.get(key) ?? []) this.#release(hold);
  }

  /** Nobody is left to say when copies of what it made are to go. */
  exited(pid: number): void {
    const prefix = `${pid}.`;
    for (const key of this.#copies.keys()) if (key.startsWith(prefix)) this.#copies.delete(key);
  }

  /** Resolves when what was dropped here is dropped everywhere. */
  async flushed(): Promise<void> {
    await Promise.all(this.#dropping);
  }

  /** Copied: the bytes are sent as long as it lives, and its maker may change the value meanwhile. */
  #encode(value: unknown): Content {
    const { body, segments } = this.#codec.encoder.encode(value, "value");
    return [body, ...segments].map((part) => new Uint8Array(part));
  }

  #valueOf(copy: Copy): unknown {
    if ("value" in copy) return copy.value;
    const [body, ...segments] = copy.content;
    const value = this.#codec.decoder.decode(body!, segments);
    // The bytes are the value's memory now, or of no use any more.
    delete (copy as Partial<{ content: Content }>).content;
    return Object.assign(copy, { value }).value;
  }

  async #pull(id: ReferenceId, key: string): Promise<unknown> {
    const [, content] = await this.#requests.ask(id, "giveCopy", [], {});
    // What lives here is not sent, and must stay as it is for those who ask later.
    const parts = content as Content;
    const isOwn = this.#ownContent(id) === parts;
    const copy: Copy = { content: isOwn ? parts.map((part) => new Uint8Array(part)) : parts };
    const value = this.#valueOf(copy);
    if (this.#holds.has(key) && !this.#table.hasExited(id.owner)) this.#copies.set(key, copy);
    return value;
  }

  #ownContent({ creator, number }: ReferenceId): Content | undefined {
    const stored = this.#table.find(creator, number);
    if (stored === undefined || stored === "released" || stored.outcome === undefined) return undefined;
    const value = "value" in stored.outcome ? stored.outcome.value : undefined;
    return value instanceof BroadcastSource ? value.content : undefined;
  }

  /** Sends it down the tree, and then directly to those that it has not come to. Gives those that are gone. */
  async #place(source: BroadcastSource, pids: readonly number[]): Promise<number[]> {
    const missed = await this.#spread(source.id, source.content, pids);
    const gone = await Promise.all(
      missed.map(async (pid) => {
        if (source.isEnded) return [];
        try {
          return await this.#send(source.id, source.content, pid, []);
        } catch (error) {
          if (!isAway(error)) throw error;
          return [pid];
        }
      }),
    );
    return gone.flat();
  }

  async #spread(id: ReferenceId, content: Content, pids: readonly number[]): Promise<number[]> {
    const missed = await Promise.all(branches(pids).map((branch) => this.#spreadTo(id, content, branch)));
    return missed.flat();
  }

  /** Where the first of a branch fails, the rest is served from here; some of them may have it already. */
  async #spreadTo(id: ReferenceId, content: Content, [first, ...rest]: readonly number[]): Promise<number[]> {
    try {
      return await this.#send(id, content, first!, rest);
    } catch {
      return [first!, ...(await this.#spread(id, content, rest))];
    }
  }

  async #send(
    { owner, number }: ReferenceId,
    content: Content,
    pid: number,
    rest: readonly number[],
  ): Promise<number[]> {
    return (await this.#requests.call(pid, "spread", [owner, number, content, rest])) as number[];
  }

  /** After what was still being placed, which would come too late to be dropped. */
  async #drop(source: BroadcastSource): Promise<void> {
    await source.placing;
    const { owner, number } = source.id;
    const told = Array.from(source.reached, (pid) => this.#requests.call(pid, "forget", [owner, number]));
    // Who cannot be reached is gone, or has lost this process.
    await Promise.allSettled(told);
  }
}

const carriesNoReference: ValueExtension<Reference> = {
  tag: 2,
  matches: (value): value is Reference => value instanceof Reference,
  encode: () => {
    throw new Error("is a reference, which a broadcast cannot hold; send it as an argument of its own");
  },
  decode: () => {
    throw new Error("a broadcast holds no references");
  },
};

function keyOf({ owner, number }: ReferenceId): string {
  return `${owner}.${number}`;
}

/** It will not have a copy, or will ask for one. */
function isAway(error: unknown): boolean {
  return (
    error instanceof ProcessExitedError ||
    error instanceof NoSuchProcessError ||
    error instanceof LinkLostError
  );
}
