import { newCodec } from "#dist/protocol/codec.js";
import assert from "node:assert/strict";
import { FunctionNotFoundError } from "#dist/errors.js";
import type { FunctionReference } from "#dist/functions/function-reference.js";
import { DEFAULT_MAX_MESSAGE } from "#dist/protocol/limits.js";
import type { AnyFunction } from "#dist/rpc/call-server.js";
import type { PendingCall } from "#dist/rpc/pending-calls.js";
import {
  noReferences,
  type Arrived,
  type KeptOutcome,
  type ReferenceTraffic,
} from "#dist/rpc/reference-traffic.js";
import { Session } from "#dist/rpc/session.js";
import { MemoryNetwork } from "#dist/transport/memory.js";
import type { Connection } from "#dist/transport/transport.js";
import { authenticate, connect } from "./memory-pair.js";

/** Results that the far side keeps, and references, of which it has none. */
export interface KeptResults extends ReferenceTraffic {
  readonly kept: Map<string, KeptOutcome | undefined>;
  readonly droppedHere: Arrived[];
}

function keptResults(arriving: Arrived | undefined): KeptResults {
  const kept = new Map<string, KeptOutcome | undefined>();
  const droppedHere: Arrived[] = [];
  return {
    ...noReferences,
    kept,
    droppedHere,
    takeArrived: () => arriving,
    dropped: (arrived) => void droppedHere.push(arrived),
    begin: (keepAs) => void kept.set(keepAs.join("."), undefined),
    settle: (keepAs, outcome) => void kept.set(keepAs.join("."), outcome),
  };
}

export interface SessionPair {
  readonly network: MemoryNetwork;
  /** Calls functions of `far`. */
  readonly near: Session;
  readonly far: Session;
  readonly nearConnection: Connection;
  readonly farConnection: Connection;
  /** What the far side keeps, by creator and number. */
  readonly kept: ReadonlyMap<string, KeptOutcome | undefined>;
  /** References that came to the far side and that nobody will look at. */
  readonly dropped: readonly Arrived[];
  /** Messages that are not about calls, and ends, as each side was told of them. */
  readonly told: { readonly near: unknown[]; readonly far: unknown[] };
  /** Calls a function of the far side by its name, and gives its result. */
  call(name: string, ...args: unknown[]): Promise<unknown>;
  /** Ends both and checks that nothing is left. */
  end(): Promise<void>;
}

export interface SessionPairOptions {
  readonly functions?: Readonly<Record<string, AnyFunction>>;
  /** Delays the loading of functions. */
  readonly loading?: Promise<void>;
  /** The references in each message to the far side. */
  readonly arriving?: Arrived;
  readonly maxMessageBytes?: number;
}

const references = new Map<string, FunctionReference>();

/** The same object for the same name, as the finder of functions gives it. */
export function referenceTo(name: string): FunctionReference {
  const known = references.get(name) ?? { module: "work.js", export: name, name };
  references.set(name, known);
  return known;
}

/** The pid by which the near side knows the far one. */
export const FAR_PID = 7;

export async function sessionPair(options: SessionPairOptions = {}): Promise<SessionPair> {
  const { functions = {}, loading, maxMessageBytes = DEFAULT_MAX_MESSAGE } = options;
  const network = new MemoryNetwork();
  const connections = await connect(network);
  const [dialler, acceptor] = await authenticate(connections, maxMessageBytes);
  const told = { near: [] as unknown[], far: [] as unknown[] };
  const load = async ({ name }: FunctionReference): Promise<AnyFunction> => {
    await loading;
    const fn = functions[name];
    if (fn === undefined) throw new FunctionNotFoundError(`there is no ${name}`);
    return fn;
  };
  const references = keptResults(options.arriving);
  const make = (peer: typeof dialler, side: "near" | "far"): Session => {
    const events = told[side];
    return new Session({
      peer,
      codec: newCodec(),
      peerPid: side === "near" ? FAR_PID : 1,
      load,
      ...(side === "far" && { references }),
      maxMessageBytes,
      onMessage: (type, content) => events.push([type, content]),
      onClosed: (reason) => events.push(["closed", reason]),
    });
  };
  const near = make(dialler, "near");
  const far = make(acceptor, "far");
  return {
    network,
    near,
    far,
    nearConnection: dialler.connection,
    farConnection: acceptor.connection,
    kept: references.kept,
    dropped: references.droppedHere,
    told,
    call: (name, ...args) => promiseOf((call) => near.call(referenceTo(name), args, call)),
    end: async () => {
      assert.equal(near.callsWaiting, 0, "the near side's calls");
      assert.equal(far.callsWaiting, 0, "the far side's calls");
      assert.equal(near.callsServed, 0, "calls that the near side serves");
      assert.equal(far.callsServed, 0, "calls that the far side serves");
      near.end();
      await turns();
      assert.equal(near.isOpen, false);
      assert.equal(far.isOpen, false);
      assert.equal(network.openConnections, 0);
    },
  };
}

/** The outcome of a call that `start` hands on. */
export function promiseOf(start: (call: PendingCall) => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => void start({ resolve, reject }));
}

/** Lets the memory network deliver what is on its way, and what that leads to. */
export async function turns(count = 8): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
