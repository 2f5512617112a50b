/**
 * What to do when ECS says no: ask again with the same idempotency token (the first request may have worked), ask
 * again with a new one (it certainly did not, or only in part), or give up. The tables follow the "Errors" and
 * "Request throttling" pages of the Amazon ECS API reference and its "API failure reasons".
 */

/** An error of a call, reduced to what decisions are made on. */
export interface ServiceError {
  /** The service's or Node's own name: `ThrottlingException`, `ECONNREFUSED`, ... */
  readonly code: string;
  readonly message: string;
  /** HTTP status, if there was an answer. */
  readonly status?: number;
}

/**
 * How long it makes sense to go on. `launch`: as long as the launch lasts. `capacity`: while room may still turn up.
 * `outage`: while the service or the network may recover. `brief`: a few attempts.
 */
export type Patience = "launch" | "capacity" | "outage" | "brief";

export type Verdict =
  | { readonly retry: false }
  | {
      readonly retry: true;
      readonly token: "same" | "new";
      readonly patience: Patience;
      /** The longest pause between two attempts. */
      readonly capMs: number;
    };

const FINAL: Verdict = { retry: false };
const THROTTLED: Verdict = { retry: true, token: "same", patience: "launch", capMs: 10_000 };
const OUTAGE: Verdict = { retry: true, token: "same", patience: "outage", capMs: 5000 };
const QUOTA: Verdict = { retry: true, token: "new", patience: "launch", capMs: 20_000 };
const CAPACITY: Verdict = { retry: true, token: "new", patience: "capacity", capMs: 5000 };
const BRIEF: Verdict = { retry: true, token: "new", patience: "brief", capMs: 5000 };

/** All the names under which AWS services say "too many requests". */
const THROTTLE_CODES = new Set([
  "Throttling",
  "ThrottlingException",
  "ThrottledException",
  "RequestThrottled",
  "RequestThrottledException",
  "TooManyRequestsException",
  "RequestLimitExceeded",
  "LimitExceededException",
  "BandwidthLimitExceeded",
  "SlowDown",
  "PriorRequestNotComplete",
  "EC2ThrottledException",
  "TransactionInProgressException",
  "ProvisionedThroughputExceededException",
]);

const TRANSIENT_CODES = new Set([
  "ServerException",
  "InternalFailure",
  "InternalError",
  "ServiceUnavailable",
  "RequestTimeout",
  "RequestTimeoutException",
  "TimeoutError",
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "ERR_SOCKET_CONNECTION_TIMEOUT",
]);

/** Errors whose code alone does not tell. */
const BY_TEXT: readonly { code: string; text: RegExp; verdict: Verdict }[] = [
  // The quota on tasks in PROVISIONING is full; it empties as instances arrive.
  { code: "ClientException", text: /provisioning/i, verdict: QUOTA },
  { code: "ClientException", text: /too many concurrent attempts/i, verdict: BRIEF },
  { code: "InvalidParameterException", text: /no container instances were found/i, verdict: CAPACITY },
  { code: "InvalidParameterException", text: /unable to assume the service linked role/i, verdict: BRIEF },
  { code: "InvalidParameterException", text: /RequestLimitExceeded|rate exceeded/i, verdict: THROTTLED },
];

/** After an exception of any ECS operation. */
export function afterError(error: ServiceError): Verdict {
  if (THROTTLE_CODES.has(error.code)) return THROTTLED;
  if (TRANSIENT_CODES.has(error.code) || (error.status ?? 0) >= 500) return OUTAGE;
  const row = BY_TEXT.find(({ code, text }) => code === error.code && text.test(error.message));
  return row?.verdict ?? FINAL;
}

const FAILURE_REASONS: readonly { reason: RegExp; verdict: Verdict }[] = [
  { reason: /^RESOURCE:/, verdict: CAPACITY },
  { reason: /^AGENT$/, verdict: CAPACITY },
  { reason: /capacity is unavailable at this time/i, verdict: CAPACITY },
  { reason: /limit on the number of vCPUs/i, verdict: CAPACITY },
  { reason: /configuration is above your limit/i, verdict: FINAL },
  { reason: /^(LOCATION|ATTRIBUTE|INACTIVE)$/, verdict: FINAL },
  { reason: /placement constraint/i, verdict: FINAL },
];

/**
 * After an entry of `failures[]` in an answer to RunTask. A reason nobody wrote down is tried again a few times.
 *
 * @param isAvoiding Whether the request kept off instances that are about to go: others may take their place.
 */
export function afterFailure(reason: string, isAvoiding = false): Verdict {
  if (isAvoiding && /placement constraint/i.test(reason)) return CAPACITY;
  return FAILURE_REASONS.find((row) => row.reason.test(reason))?.verdict ?? BRIEF;
}

/** The pause before the given retry (from 0): exponential from 200 ms with full jitter, but never below 50 ms. */
export function backoffMs(retry: number, capMs: number, random: () => number): number {
  const ceiling = Math.min(capMs, 200 * 2 ** Math.min(retry, 20));
  return 50 + Math.floor(random() * (ceiling - 50));
}

/** How long each kind of patience lasts, in milliseconds from the first refusal. */
export interface PatienceLimits {
  readonly capacityMs: number;
  readonly outageMs: number;
  readonly briefAttempts: number;
}

/** Whether another attempt is due after one that ended with `verdict`. */
export function hasPatience(
  verdict: Verdict,
  limits: PatienceLimits,
  /** Attempts that ended alike, in a row, and the time since the first of them. */
  soFar: { readonly attempts: number; readonly elapsedMs: number },
): boolean {
  if (!verdict.retry) return false;
  const isPatient: Record<Patience, boolean> = {
    launch: true,
    capacity: soFar.elapsedMs < limits.capacityMs,
    outage: soFar.elapsedMs < limits.outageMs,
    brief: soFar.attempts < limits.briefAttempts,
  };
  return isPatient[verdict.patience];
}
