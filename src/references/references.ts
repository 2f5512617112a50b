import {
  NoSuchProcessError,
  ProcessExitedError,
  ReferenceReleasedError,
  TopologyError,
  type ExitReason,
} from "../errors.js";
import type { ProcessDirectory } from "../calls/call-process.js";
import type { ValueExtension } from "../protocol/value-extension.js";
import type { AnyFunction } from "../rpc/call-server.js";
import type { InternalFunctions } from "../rpc/internal-functions.js";
import type { Arrived, KeepAs, KeptOutcome, ReferenceTraffic } from "../rpc/reference-traffic.js";
import { Answer } from "./answers.js";
import { Broadcast, PlacedBroadcast } from "./broadcast.js";
import { Broadcasts, BroadcastSource } from "./broadcasts.js";
import { ChannelServer, isChannel } from "./channel-server.js";
import { Future } from "./future.js";
import { HandleTable, type Hold } from "./handle-table.js";
import { HolderChanges } from "./holder-changes.js";
import { Operation, type OperationName, type Subject } from "./operations.js";
import { OwnerRequests, type Waiting } from "./owner-requests.js";
import { Parcel, parcelExtension } from "./parcel.js";
import { describeReference, type ReferenceId } from "./reference-id.js";
import { referenceExtension } from "./reference-extension.js";
import { Reference } from "./reference.js";
import { ReferenceServer } from "./reference-server.js";
import type { HolderChange } from "./reference-table.js";
import { RemoteChannel } from "./remote-channel.js";
import { RemoteStream } from "./remote-stream.js";
import { streamExtension, StreamSources } from "./stream-extension.js";
import { StreamSource } from "./stream-source.js";
import type { WaitOptions } from "./wait-options.js";

/** How long a request waits for a reference whose creating call may still be on its way. */
const EXPECT_MS = 10_000;

/** How often an owner is told the same, when the connection to it is lost again and again. */
const MOST_ATTEMPTS = 6;
const FIRST_RETRY_MS = 10;

/** What one process has to do with remote references at a moment. All zero: nothing is left of them. */
export interface HeldReferences {
  readonly pid: number;
  /** Values that live there. */
  readonly stored: number;
  /** References that it holds, to values anywhere. */
  readonly held: number;
  /** Requests that wait there, such as a `take` from an empty channel. */
  readonly waiting: number;
}

/**
 * One process's part in the remote references of its cluster: as an owner of values, as a holder of references, and as one
 * who passes them on. Tells owners who holds what, in batches: one is under way to each owner at a time, and the next one
 * says all that has come up meanwhile.
 */
export class References implements ReferenceTraffic {
  readonly internal: InternalFunctions;
  /** For the codec of this process. */
  readonly extensions: readonly ValueExtension[];
  readonly broadcasts: Broadcasts;
  readonly #server: ReferenceServer;
  readonly #channels: ChannelServer;
  readonly #streams = new StreamSources(() => this.newId(this.#pid));
  readonly #requests = new OwnerRequests(([, parcel]) => {
    if (parcel instanceof Parcel && parcel.arrived !== undefined) this.dropped(parcel.arrived);
  });
  readonly #handles = new HandleTable((hold) => {
    this.broadcasts.released(hold);
    this.#changeHolders(hold.id, this.#pid, -1);
  });
  #arrived: Hold[] = [];
  readonly #untold = new Map<number, HolderChanges>();
  readonly #telling = new Set<number>();
  #tellingEnded: (() => void)[] = [];
  #isScheduled = false;
  readonly #lastReference = new Map<number, number>();
  readonly #lastBatch = new Map<number, number>();
  /** Known from the time on when this process is a member. */
  #pid = 0;

  constructor() {
    this.extensions = [
      referenceExtension(this),
      parcelExtension(() => this.takeArrived()),
      streamExtension(this, this.#streams),
    ];
    this.#server = new ReferenceServer({ clear: (value) => this.#clear(value), expectMs: EXPECT_MS });
    this.#channels = new ChannelServer(this.#server, (arrived) => this.dropped(arrived));
    this.broadcasts = new Broadcasts({
      requests: this.#requests,
      table: this.#server.table,
      release: (hold) => this.#handles.release(hold),
    });
    this.internal = this.#functions();
  }

  get pid(): number {
    return this.#pid;
  }

  /** This process is a member now. */
  join(directory: ProcessDirectory): void {
    this.#pid = directory.myPid;
    this.#requests.join(directory);
    directory.onExited((pid, reason) => this.#exited(pid, reason));
  }

  /** The cluster was closed: nobody is left who could put or set what somebody waits for here. */
  close(): void {
    this.#requests.close();
  }

  #exited(pid: number, reason: ExitReason): void {
    this.#untold.delete(pid);
    this.#server.exited(pid);
    this.#channels.exited(pid, reason);
    this.broadcasts.exited(pid);
  }

  // What sessions tell.

  sent(carried: readonly object[], pid: number): void {
    for (const value of carried) {
      if (value instanceof Reference) {
        if (!value.isReleased) this.#changeHolders(value.hold.id, pid, 1);
        // A stream has one reader, who alone keeps its source going.
        if (value instanceof RemoteStream) value.release();
        continue;
      }
      const source = this.#streams.get(value);
      if (source !== undefined) this.#sentStream(source, pid);
    }
  }

  takeArrived(): Arrived | undefined {
    if (this.#arrived.length === 0) return undefined;
    const arrived = this.#arrived;
    this.#arrived = [];
    return arrived;
  }

  dropped(arrived: Arrived): void {
    for (const hold of arrived) this.#handles.release(hold as Hold);
  }

  /** Nobody will see these values. */
  droppedParcels(parcels: readonly Parcel[]): void {
    for (const { arrived } of parcels) if (arrived !== undefined) this.dropped(arrived);
  }

  begin([creator, number]: KeepAs): void {
    this.#server.table.begin(creator, number);
  }

  settle([creator, number]: KeepAs, outcome: KeptOutcome): void {
    this.#server.table.settle(creator, number, outcome);
  }

  // What references do.

  /** A name for a new reference whose value will live in process `owner`. */
  newId(owner: number): ReferenceId {
    const number = (this.#lastReference.get(owner) ?? 0) + 1;
    this.#lastReference.set(owner, number);
    return { owner, creator: this.#pid, number };
  }

  /** Nobody was told of it: the next one gets its number. */
  unusedId({ owner, number }: ReferenceId): void {
    if (this.#lastReference.get(owner) === number) this.#lastReference.set(owner, number - 1);
  }

  /** The future that a new reference names: the result of a call, whose end `call` is, or empty. */
  future(id: ReferenceId, call?: Promise<void>): Future<unknown> {
    return this.#handles.add(id, (hold) => new Future(this, hold, call));
  }

  /** The channel that a new reference names. */
  channel(id: ReferenceId): RemoteChannel<unknown> {
    return this.#handles.add(id, (hold) => new RemoteChannel(this, hold));
  }

  /** The stream that a reference names. */
  stream(id: ReferenceId): RemoteStream<unknown> {
    return this.#handles.add(id, (hold) => new RemoteStream(this, hold));
  }

  /** The broadcast that a reference names. */
  broadcast(id: ReferenceId): Broadcast<unknown> {
    return this.#handles.add(id, (hold) => {
      this.broadcasts.held(hold);
      return new Broadcast(this, hold);
    });
  }

  /** Places a copy of a value in these processes. Rejects with a `ClusterClosedError` when the cluster was closed. */
  async place(
    value: unknown,
    pids: readonly number[],
    waiting: WaitOptions,
  ): Promise<PlacedBroadcast<unknown>> {
    this.#requests.checkIsOpen();
    const { id, placed } = await this.broadcasts.make(() => this.newId(this.#pid), value, pids, waiting);
    return this.#handles.add(id, (hold) => {
      this.broadcasts.held(hold);
      return new PlacedBroadcast(this, hold, placed);
    });
  }

  /** A reference that has come with a message. */
  arrived(reference: Reference): void {
    this.#arrived.push(reference.hold);
  }

  release(hold: Hold): void {
    this.#handles.release(hold);
  }

  /**
   * Asks the owner of a reference that this process holds. Rejects with what the answer means, unless it is `done`, and when
   * the wait is over.
   */
  async request(
    hold: Hold,
    operation: OperationName,
    args: readonly unknown[],
    waiting: Waiting,
  ): Promise<Answer> {
    if (hold.isReleased) {
      throw new ReferenceReleasedError(
        `${describeReference(hold.id)} was released here and cannot be used any more`,
      );
    }
    return this.#requests.ask(hold.id, operation, args, waiting);
  }

  /** Asks the process in which a new reference's value is to live to make it. */
  async make(id: ReferenceId, operation: OperationName, args: readonly unknown[]): Promise<void> {
    await this.#requests.ask(id, operation, args, {});
  }

  /** Gives a value back to the channel that it was taken from. If that is gone, so is the value. */
  async putBack(hold: Hold, parcel: Parcel, position: number): Promise<void> {
    try {
      await this.#requests.ask(hold.id, "putBack", [parcel, position], {});
    } catch {
      // Nobody is left to take it.
    } finally {
      if (parcel.arrived !== undefined) this.dropped(parcel.arrived);
    }
  }

  /** What this process has to do with references now. */
  count(): HeldReferences {
    return {
      pid: this.#pid,
      stored: this.#server.table.size + this.broadcasts.size,
      held: this.#handles.size,
      waiting: this.#server.requests.size,
    };
  }

  /** As `count`, of another process. */
  async countOf(pid: number): Promise<HeldReferences> {
    return (await this.#requests.call(pid, "count", [])) as HeldReferences;
  }

  /** Resolves when a process has told all owners what they should know. */
  async flushed(pid: number): Promise<void> {
    await this.#requests.call(pid, "flush", []);
  }

  /** What is read is held by its readers only, and by nobody here. */
  #sentStream(source: StreamSource, pid: number): void {
    this.#changeHolders(source.id, pid, 1);
    if (source.isStored) return;
    source.isStored = true;
    const { owner, creator, number } = source.id;
    this.#server.table.begin(creator, number);
    this.#server.table.settle(creator, number, { value: source });
    this.#changeHolders(source.id, owner, -1);
  }

  #changeHolders(id: ReferenceId, holder: number, added: number): void {
    if (id.owner === this.#pid) {
      return this.#server.table.change([[id.creator, id.number, holder, added]]);
    }
    let untold = this.#untold.get(id.owner);
    if (untold === undefined) {
      untold = new HolderChanges();
      this.#untold.set(id.owner, untold);
    }
    untold.add(id, holder, added);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      for (const owner of this.#untold.keys()) void this.#tell(owner);
    });
  }

  async #tell(owner: number): Promise<void> {
    const untold = this.#untold.get(owner);
    if (untold === undefined || this.#telling.has(owner)) return;
    this.#telling.add(owner);
    try {
      while (!untold.isEmpty) await this.#tellBatch(owner, untold.take());
    } catch {
      // The owner is gone, and its values with it.
    } finally {
      this.#telling.delete(owner);
      this.#untold.delete(owner);
      for (const ended of this.#tellingEnded.splice(0)) ended();
    }
  }

  /** Batches are numbered: one whose answer was lost with its connection is told again, and counts once. */
  async #tellBatch(owner: number, changes: readonly HolderChange[]): Promise<void> {
    const batch = (this.#lastBatch.get(owner) ?? 0) + 1;
    this.#lastBatch.set(owner, batch);
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#requests.call(owner, "change", [this.#pid, batch, changes]);
        return;
      } catch (error) {
        // Workers that must not be connected may still hold what lives on each other: the manager passes it on.
        if (error instanceof TopologyError) {
          return void (await this.#requests.call(1, "passChange", [owner, this.#pid, batch, changes]));
        }
        if (isOver(error) || this.#requests.isClosed || attempt === MOST_ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, FIRST_RETRY_MS * 2 ** attempt));
      }
    }
  }

  async #flush(): Promise<void> {
    await this.broadcasts.flushed();
    while (this.#untold.size > 0) {
      for (const owner of this.#untold.keys()) void this.#tell(owner);
      await new Promise<void>((resolve) => this.#tellingEnded.push(resolve));
    }
  }

  #clear(value: unknown): void {
    if (value instanceof Parcel) {
      if (value.arrived !== undefined) this.dropped(value.arrived);
    } else if (value instanceof StreamSource) value.end();
    else if (value instanceof BroadcastSource) this.broadcasts.clear(value);
    else if (isChannel(value)) this.#channels.clear(value);
  }

  #functions(): InternalFunctions {
    const references = this.#server;
    const channels = this.#channels;
    const functions: Record<OperationName, AnyFunction> = {
      change: (teller: number, batch: number, changes: readonly HolderChange[]) =>
        references.change(teller, batch, changes),
      passChange: (owner: number, ...change: readonly unknown[]) =>
        this.#requests.call(owner, "change", change),
      withdraw: (caller: number, request: number) => references.requests.withdraw(caller, request),
      makeFuture: (about: Subject) => references.makeFuture(about),
      fetch: (about: Subject) => references.fetch(about),
      wait: (about: Subject) => references.wait(about),
      isSettled: (about: Subject) => references.isSettled(about),
      set: (about: Subject, parcel: Parcel) => this.#set(about, parcel),
      makeChannel: (about: Subject, capacity: number) => channels.make(about, capacity),
      bind: (about: Subject, producers: readonly number[]) => channels.bind(about, producers),
      put: (about: Subject, parcel: Parcel) => channels.put(about, parcel),
      putBack: (about: Subject, parcel: Parcel, position: number) =>
        channels.putBack(about, parcel, position),
      take: (about: Subject) => channels.take(about),
      peek: (about: Subject) => channels.peek(about),
      waitForValue: (about: Subject) => channels.waitForValue(about),
      isReady: (about: Subject) => channels.isReady(about),
      size: (about: Subject) => channels.size(about),
      isOpen: (about: Subject) => channels.isOpen(about),
      close: (about: Subject, end: { readonly error?: unknown }) => channels.close(about, end),
      pull: (about: Subject, most: number) =>
        references.whenSettled(about, (value, request) => (value as StreamSource).take(most, request)),
      spread: (owner: number, number: number, content: readonly Uint8Array[], pids: readonly number[]) =>
        this.broadcasts.spread(owner, number, content, pids),
      giveCopy: (about: Subject) =>
        references.whenSettled(about, (value) => this.broadcasts.give(value as BroadcastSource, about[2])),
      forget: (owner: number, number: number) => this.broadcasts.forget(owner, number),
      flush: () => this.#flush(),
      count: () => this.count(),
    };
    return new Map(
      Object.entries(functions).map(([name, fn]) => [Operation[name as OperationName].name, fn]),
    );
  }

  #set(about: Subject, parcel: Parcel): Answer {
    const answer = this.#server.set(about, parcel);
    if (answer[0] !== Answer.done && parcel.arrived !== undefined) this.dropped(parcel.arrived);
    return answer;
  }
}

/** The process is gone, and no other attempt would find it. */
function isOver(error: unknown): boolean {
  return error instanceof ProcessExitedError || error instanceof NoSuchProcessError;
}
