import assert from "node:assert/strict";
import { test } from "node:test";
import { afterError, afterFailure, backoffMs, hasPatience } from "#dist/managers/ecs/ecs-retry.js";

const errors: readonly [string, string, number | undefined, string][] = [
  ["ThrottlingException", "Rate exceeded", 400, "same launch"],
  ["RequestLimitExceeded", "", 400, "same launch"],
  ["ServerException", "", 500, "same outage"],
  ["SomethingNew", "", 503, "same outage"],
  ["ECONNRESET", "read ECONNRESET", undefined, "same outage"],
  ["TimeoutError", "no answer", undefined, "same outage"],
  ["ClientException", "Too many tasks in the PROVISIONING state", 400, "new launch"],
  ["ClientException", "Too many concurrent attempts to create a new revision", 400, "new brief"],
  ["ClientException", "TaskDefinition is inactive", 400, "no"],
  ["InvalidParameterException", "No Container Instances were found in your cluster.", 400, "new capacity"],
  ["InvalidParameterException", "Unable to assume the service linked role.", 400, "new brief"],
  ["InvalidParameterException", "EC2: RequestLimitExceeded", 400, "same launch"],
  ["InvalidParameterException", "Container Overrides length must be at most 8192", 400, "no"],
  ["AccessDeniedException", "", 400, "no"],
  ["ClusterNotFoundException", "Cluster not found.", 400, "no"],
  ["ConflictException", "", 400, "no"],
  ["BlockedException", "", 400, "no"],
  ["PlatformUnknownException", "", 400, "no"],
  ["PlatformTaskDefinitionIncompatibilityException", "", 400, "no"],
  ["UnsupportedFeatureException", "", 400, "no"],
  ["ExpiredTokenException", "", 400, "no"],
  ["LimitExceededException", "", 400, "same launch"],
  ["ServiceUnavailable", "", 503, "same outage"],
  ["InternalFailure", "", 500, "same outage"],
  ["EPIPE", "write EPIPE", undefined, "same outage"],
  ["CredentialsProviderError", "", undefined, "no"],
];

function inWords(verdict: ReturnType<typeof afterError>): string {
  return verdict.retry ? `${verdict.token} ${verdict.patience}` : "no";
}

for (const [code, message, status, expected] of errors) {
  void test(`${code} "${message}": retry ${expected}`, () => {
    const verdict = afterError({ code, message, ...(status === undefined ? {} : { status }) });
    assert.equal(inWords(verdict), expected);
  });
}

const reasons: readonly [string, string][] = [
  ["RESOURCE:CPU", "new capacity"],
  ["RESOURCE:MEMORY", "new capacity"],
  ["RESOURCE:PORTS", "new capacity"],
  ["RESOURCE:PORTS_UDP", "new capacity"],
  ["RESOURCE:ENI", "new capacity"],
  ["RESOURCE:GPU", "new capacity"],
  ["AGENT", "new capacity"],
  [
    "Capacity is unavailable at this time. Please try again later or in a different availability zone",
    "new capacity",
  ],
  ["You've reached the limit on the number of vCPUs you can run concurrently", "new capacity"],
  ["The requested CPU/MEMORY configuration is above your limit", "no"],
  ["ATTRIBUTE", "no"],
  ["LOCATION", "no"],
  ["INACTIVE", "no"],
  ["MemberOf placement constraint unsatisfied", "no"],
  ["SOMETHING NOBODY WROTE DOWN", "new brief"],
];

for (const [reason, expected] of reasons) {
  void test(`failure ${reason}: retry ${expected}`, () => {
    assert.equal(inWords(afterFailure(reason)), expected);
  });
}

void test("pauses grow, are spread, and keep to their limit", () => {
  assert.equal(
    backoffMs(0, 5000, () => 0),
    50,
  );
  assert.ok(backoffMs(0, 5000, () => 0.999) < 200);
  assert.ok(backoffMs(3, 5000, () => 0.999) > 1000);
  assert.ok(backoffMs(1000, 5000, () => 0.999) < 5000);
});

void test("patience for capacity of 0 gives up at the first refusal", () => {
  const limits = { capacityMs: 0, outageMs: 100, briefAttempts: 3 };
  const first = { attempts: 1, elapsedMs: 0 };
  assert.equal(hasPatience(afterFailure("AGENT"), limits, first), false);
  assert.equal(hasPatience(afterError({ code: "ECONNRESET", message: "" }), limits, first), true);
  assert.equal(hasPatience(afterFailure("?"), limits, { attempts: 3, elapsedMs: 0 }), false);
});
