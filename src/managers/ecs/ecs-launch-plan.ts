import type { Failure } from "@aws-sdk/client-ecs";
import { afterError, afterFailure, hasPatience } from "./ecs-retry.js";
import type { PatienceLimits, ServiceError, Verdict } from "./ecs-retry.js";

/** What comes after an answer or an error. */
export type NextStep =
  | { readonly kind: "done" }
  /** Ask again, after a pause that grows with `retry` (from 0) up to `capMs`. */
  | { readonly kind: "again"; readonly retry: number; readonly capMs: number }
  /** These will not come: ECS answered so. */
  | { readonly kind: "failed"; readonly failures: readonly Failure[]; readonly triedMs: number }
  /** These will not come: the call itself failed. */
  | { readonly kind: "refused"; readonly triedMs: number };

/**
 * The tasks of one RunTask call until all of them were started or given up: how many to ask for next, and with which
 * attempt number. A repeated request has the number of the first, and so its idempotency token and its count.
 */
export class BatchPlan {
  readonly index: number;
  readonly #isAvoiding: boolean;
  #remaining: number;
  #attempt = 0;
  /** Refusals of the same kind in a row. */
  #streak: { readonly of: string; readonly since: number; attempts: number } | undefined;
  #isUncertain = false;

  /** @param isAvoiding Whether its requests keep off instances that are about to go. */
  constructor(index: number, count: number, isAvoiding = false) {
    this.index = index;
    this.#isAvoiding = isAvoiding;
    this.#remaining = count;
  }

  /** Tasks that have not been started, as far as is known. */
  get remaining(): number {
    return this.#remaining;
  }

  /** The next request. */
  get request(): { readonly attempt: number; readonly count: number } {
    return { attempt: this.#attempt, count: this.#remaining };
  }

  /** Whether the last request may have started tasks though no answer said so. */
  get isUncertain(): boolean {
    return this.#isUncertain;
  }

  /** RunTask answered with this many tasks. */
  answered(started: number, failures: readonly Failure[], now: number, limits: PatienceLimits): NextStep {
    this.#isUncertain = false;
    this.#remaining -= started;
    if (this.#remaining <= 0) return { kind: "done" };
    this.#attempt += 1;
    if (started > 0) this.#streak = undefined;
    // Entries name instances that were looked at, so their number says nothing; the worst reason decides.
    const verdicts = failures.map((failure) => afterFailure(failure.reason ?? "", this.#isAvoiding));
    const verdict = verdicts.find((each) => !each.retry) ?? verdicts[0] ?? afterFailure("");
    const step = this.#next(verdict, now, limits);
    return step.kind === "again" ? step : { ...step, kind: "failed", failures };
  }

  /** RunTask threw. */
  refused(error: ServiceError, now: number, limits: PatienceLimits): NextStep {
    const verdict = afterError(error);
    const isOutage = verdict.retry && verdict.patience === "outage";
    this.#isUncertain ||= isOutage && error.code !== "ECONNREFUSED" && error.code !== "ENOTFOUND";
    if (verdict.retry && verdict.token === "new" && !this.#isUncertain) this.#attempt += 1;
    return this.#next(verdict, now, limits);
  }

  #next(
    verdict: Verdict,
    now: number,
    limits: PatienceLimits,
  ): Extract<NextStep, { kind: "again" | "refused" }> {
    if (!verdict.retry) return { kind: "refused", triedMs: 0 };
    if (this.#streak?.of !== verdict.patience) {
      this.#streak = { of: verdict.patience, since: now, attempts: 0 };
    }
    this.#streak.attempts += 1;
    const { since, attempts } = this.#streak;
    const elapsedMs = now - since;
    return hasPatience(verdict, limits, { attempts, elapsedMs })
      ? { kind: "again", retry: attempts - 1, capMs: verdict.capMs }
      : { kind: "refused", triedMs: elapsedMs };
  }
}
