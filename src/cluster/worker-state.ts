/**
 * The life of a member:
 *
 *     ready ──silence──▶ suspect ──answer──▶ ready
 *       │                   │
 *       └───── leave ───────┴──▶ leaving
 *     any of these ── lost ──▶ gone
 */
export type WorkerState = "ready" | "suspect" | "leaving" | "gone";

export type WorkerStateEvent = "silence" | "answer" | "leave" | "lost";

/** The next state; the same one if the event changes nothing. */
export function nextWorkerState(state: WorkerState, event: WorkerStateEvent): WorkerState {
  if (state === "gone" || event === "lost") return "gone";
  if (state === "leaving" || event === "leave") return "leaving";
  return event === "silence" ? "suspect" : "ready";
}

/** Whether new calls may be sent to a worker in this state. A suspect one is late, not lost. */
export function takesCalls(state: WorkerState): boolean {
  return state === "ready" || state === "suspect";
}
