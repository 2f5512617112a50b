import type { ExitReason, LaunchFailure } from "../errors.js";
import { oneOf } from "../util/option-checks.js";
import type { LaunchedWorker, WorkerCount } from "./cluster-manager.js";
import type { WorkerInfo } from "./worker-info.js";

interface Stamped {
  /** When it was seen, in milliseconds since 1970. */
  readonly at: number;
}

interface OfLaunch extends Stamped {
  readonly launchId: string;
  /** Name of the cluster manager. */
  readonly manager: string;
}

interface OfLaunchedWorker extends OfLaunch {
  readonly worker: LaunchedWorker<unknown>;
}

interface OfMember extends Stamped {
  readonly pid: number;
  readonly worker: WorkerInfo;
}

/** What happens to a cluster's workers, in the order of a worker's life. */
export interface ClusterEvents {
  /** A launch has begun: so many workers are asked for. */
  starting: [OfLaunch & { readonly workers: WorkerCount }];
  /**
   * The platform does not start some of the workers now, for want of room or because it is asked too often, and is asked
   * again. Told when the cause changes, not for each attempt.
   */
  waiting: [OfLaunch & { readonly failure: LaunchFailure }];
  /** The platform has accepted a worker. */
  launched: [OfLaunchedWorker];
  /** The platform has given it a machine. */
  placed: [OfLaunchedWorker];
  /** Its process runs, as far as the platform can tell. */
  started: [OfLaunchedWorker];
  /** It has proved itself at the rendezvous and said where it is. */
  reported: [OfLaunchedWorker];
  /** It is a member and takes calls. */
  joined: [OfMember];
  /** Workers of a launch that will not come. */
  failed: [OfLaunch & { readonly failure: LaunchFailure }];
  /** Its program has said what it does (`setStatus`). */
  status: [OfMember & { readonly key: string; readonly value: unknown }];
  /** It has not answered for a while. */
  suspect: [OfMember];
  /** It was suspected and answers again. */
  recovered: [OfMember];
  /** It has been asked to leave, or is leaving by itself (its platform takes it away): it gets no more calls. */
  leaving: [
    OfMember & {
      readonly isAsked: boolean;
      /** `it was asked to leave`, `SIGTERM`, or what its platform says, e.g. of a Spot interruption. */
      readonly reason: string;
      /** When its platform ends it, in milliseconds since 1970, where that is known. */
      readonly deadline?: number;
    },
  ];
  /** It is gone. */
  exited: [OfMember & { readonly reason: ExitReason }];
  /** A connection to the rendezvous was turned away. */
  refused: [Stamped & { readonly remoteHost: string; readonly error: Error }];
}

const names: Readonly<Record<keyof ClusterEvents, true>> = {
  starting: true,
  waiting: true,
  launched: true,
  placed: true,
  started: true,
  reported: true,
  joined: true,
  failed: true,
  status: true,
  suspect: true,
  recovered: true,
  leaving: true,
  exited: true,
  refused: true,
};

/** Throws a `TypeError` for an event that there is not, which nobody would ever hear. */
export function checkEventName<Name extends keyof ClusterEvents>(name: Name): Name {
  oneOf("the event", name, Object.keys(names));
  return name;
}

/** Tells the listeners of a cluster; adds the time. */
export type Emit = <Name extends keyof ClusterEvents>(
  name: Name,
  event: Omit<ClusterEvents[Name][0], "at">,
) => void;
