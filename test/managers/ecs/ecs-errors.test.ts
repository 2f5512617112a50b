import assert from "node:assert/strict";
import { test } from "node:test";
import { explain, serviceError } from "#dist/managers/ecs/ecs-errors.js";

function named(name: string, message: string, more: object = {}): Error {
  return Object.assign(new Error(message), { name }, more);
}

const attempted = {
  operation: "RunTask",
  ecsCluster: "prod",
  taskDefinition: "worker:3",
  endpoint: "https://ecs.eu-central-1.amazonaws.com",
};

const table: readonly [string, Error, string, RegExp][] = [
  ["no region", new Error("Region is missing"), "Error", /no AWS region is set; set AWS_REGION/],
  [
    "no credentials",
    named("CredentialsProviderError", "Could not load credentials from any providers"),
    "CredentialsProviderError",
    /no usable AWS credentials .*; set AWS_PROFILE/,
  ],
  [
    "expired credentials",
    named("ExpiredTokenException", "expired"),
    "ExpiredTokenException",
    /renew the AWS/,
  ],
  [
    "an endpoint that is not there",
    Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:9"), { code: "ECONNREFUSED" }),
    "ECONNREFUSED",
    /endpoint https:\/\/ecs\.eu-central-1\.amazonaws\.com cannot be reached .*check region and endpoint/,
  ],
  ["no answer", named("TimeoutError", "no answer within 10 s"), "TimeoutError", /does not answer/],
  [
    "no right to run",
    named("AccessDeniedException", "not authorized to perform: iam:PassRole"),
    "AccessDeniedException",
    /not authorized.*iam:PassRole on its roles/,
  ],
  [
    "an unknown cluster",
    named("ClusterNotFoundException", "Cluster not found."),
    "ClusterNotFoundException",
    /no ECS cluster "prod"/,
  ],
  [
    "an inactive definition",
    named("ClientException", "TaskDefinition is inactive"),
    "ClientException",
    /deregistered/,
  ],
  [
    "an empty cluster",
    named("InvalidParameterException", "No Container Instances were found in your cluster."),
    "InvalidParameterException",
    /add container instances/,
  ],
  [
    "a missing network configuration",
    named(
      "InvalidParameterException",
      "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
    ),
    "InvalidParameterException",
    /networkConfiguration belongs to network mode awsvpc/,
  ],
  [
    "something new",
    named("NovelException", "what?"),
    "NovelException",
    /^RunTask failed: NovelException: what\?$/,
  ],
];

for (const [title, error, serviceCode, message] of table) {
  void test(`${title}: the error says what was refused and what to do`, () => {
    const explained = explain(error, attempted);
    assert.equal(explained.manager, "ecs");
    assert.equal(explained.serviceCode, serviceCode);
    assert.match(explained.message, message);
    assert.equal(explained.cause, error);
  });
}

void test("the text of a refused signature is kept out of message and cause", () => {
  const error = named("SignatureDoesNotMatch", "canonical string: AKIAEXAMPLE x-amz-security-token:SECRET");
  const explained = explain(error, attempted);
  assert.doesNotMatch(explained.message, /AKIA|SECRET/);
  assert.equal(explained.cause, undefined);
  assert.match(explained.message, /does not accept the signature/);
});

void test("several failed addresses of one host count as their first", () => {
  const refused = Object.assign(new Error("connect ECONNREFUSED ::1:9"), { code: "ECONNREFUSED" });
  assert.equal(serviceError(new AggregateError([refused], "")).code, "ECONNREFUSED");
});

void test("what is thrown need not be an error", () => {
  assert.equal(serviceError("odd").message, "odd");
});
