/**
 * The name of a remote reference in its cluster. Who creates one numbers it, counting from 1 for each owner, so that the
 * owner, to whom they come nearly in order, can tell one that was released from one that is still on its way.
 */
export interface ReferenceId {
  /** The process in which the value lives. */
  readonly owner: number;
  /** The process that made the reference. */
  readonly creator: number;
  readonly number: number;
}

/** How a reference is called in messages: `reference 1.17 on process 3`. */
export function describeReference({ owner, creator, number }: ReferenceId): string {
  return `reference ${creator}.${number} on process ${owner}`;
}
