import type { WaitingWork } from "../pool/map-run.js";
import type { WorkerSupply } from "../pool/workplaces.js";
import type { Adaptation } from "./adaptation.js";
import type { Members } from "./members.js";

/** Which workers there are, whether more may come, and what waits for them: the manager's knowledge. */
export class Supply implements WorkerSupply {
  readonly #members: Members;
  readonly #work = new Set<WaitingWork>();
  readonly #adaptations = new Set<Adaptation>();
  #launching = 0;
  #lastLaunchError: unknown;

  constructor(members: Members) {
    this.#members = members;
  }

  isEmpty(): boolean {
    return this.#members.all.length === 0 && this.#launching === 0 && this.#adaptations.size === 0;
  }

  mayGrow(): boolean {
    return this.#launching > 0 || [...this.#adaptations].some((adaptation) => adaptation.mayGrow);
  }

  lastLaunchError(): unknown {
    return this.#lastLaunchError;
  }

  underWay(work: WaitingWork): () => void {
    this.#work.add(work);
    for (const adaptation of this.#adaptations) adaptation.check();
    return () => void this.#work.delete(work);
  }

  /** How many more workers would have something to do. A call that waits behind another one is work for one. */
  get waiting(): number {
    let waiting = 0;
    for (const work of this.#work) waiting += work.waiting;
    for (const { session } of this.#members.available) waiting += Math.max(0, session.callsWaiting - 1);
    return waiting;
  }

  /** Workers are on their way, or soon will be. */
  launchBegan(): void {
    this.#launching++;
  }

  launchEnded(error?: unknown): void {
    this.#launching--;
    this.#lastLaunchError = error;
  }

  adapt(adaptation: Adaptation): void {
    this.#adaptations.add(adaptation);
  }

  workerGone(pid: number): void {
    for (const adaptation of this.#adaptations) adaptation.gone(pid);
  }

  close(): void {
    for (const adaptation of this.#adaptations) adaptation.stop();
    this.#adaptations.clear();
  }
}
