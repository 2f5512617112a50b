import assert from "node:assert/strict";
import { test } from "node:test";
import { WorkerVariable } from "#dist/protocol/worker-variables.js";
import { readWorkerEnvironment } from "#dist/worker/worker-environment.js";

const required = {
  [WorkerVariable.rendezvous]: "[::1]:7000",
  [WorkerVariable.token]: `id.${Buffer.alloc(32).toString("base64url")}`,
};

void test("without anything else a worker takes any port and sees for itself where it is", () => {
  const { rendezvous, ports, networkMode } = readWorkerEnvironment(required);
  assert.deepEqual(rendezvous, { host: "::1", port: 7000 });
  assert.deepEqual(ports, { from: 0, to: 0 });
  assert.equal(networkMode, undefined);
});

void test("ports are one or a range", () => {
  const portsOf = (value: string) =>
    readWorkerEnvironment({ ...required, [WorkerVariable.port]: value }).ports;
  assert.deepEqual(portsOf("8080"), { from: 8080, to: 8080 });
  assert.deepEqual(portsOf("7000-7099"), { from: 7000, to: 7099 });
  for (const wrong of ["", "x", "7099-7000", "70000", "0-7000", "-1"])
    assert.throws(() => portsOf(wrong), /ROLLCALL_PORT=".*" is neither a port nor a range/, wrong);
});

void test("an unknown network mode is refused", () => {
  const environment = { ...required, [WorkerVariable.networkMode]: "nat" };
  assert.throws(() => readWorkerEnvironment(environment), /"nat" is none of host, bridge, awsvpc, reverse/);
});

void test("a Spot notice is looked for in tasks of ECS on EC2, and otherwise where it is wanted", () => {
  const urlOf = (environment: Record<string, string>) =>
    readWorkerEnvironment({ ...required, ...environment }).spotMetadataUrl;
  const onEC2 = { AWS_EXECUTION_ENV: "AWS_ECS_EC2" };
  const service = "http://169.254.169.254";
  assert.equal(urlOf({}), undefined);
  assert.equal(urlOf({ AWS_EXECUTION_ENV: "AWS_ECS_FARGATE" }), undefined);
  assert.equal(urlOf(onEC2), service);
  assert.equal(urlOf({ ...onEC2, AWS_EC2_METADATA_DISABLED: "true" }), undefined);
  assert.equal(urlOf({ ...onEC2, [WorkerVariable.watchSpot]: "no" }), undefined);
  assert.equal(urlOf({ [WorkerVariable.watchSpot]: "yes" }), service);
  const elsewhere = { ...onEC2, AWS_EC2_METADATA_SERVICE_ENDPOINT: "http://127.0.0.1:80/" };
  assert.equal(urlOf(elsewhere), "http://127.0.0.1:80");
  assert.throws(() => urlOf({ [WorkerVariable.watchSpot]: "1" }), /ROLLCALL_WATCH_SPOT="1" is neither/);
});

void test("a worker that shares its container has a place there, and what is known of the container", () => {
  assert.equal(readWorkerEnvironment(required).place, undefined);
  const { place, container } = readWorkerEnvironment({
    ...required,
    [WorkerVariable.slot]: "2",
    [WorkerVariable.slots]: "4",
    [WorkerVariable.container]: JSON.stringify({ taskArn: "arn", addresses: [], ports: [] }),
  });
  assert.deepEqual(place, { slot: 2, slots: 4 });
  assert.equal(container?.taskArn, "arn");
  for (const [slot, slots] of [
    ["5", "4"],
    ["0", "4"],
    ["1.5", "4"],
    ["1", undefined],
    ["x", "4"],
  ] as const) {
    const environment = { ...required, [WorkerVariable.slot]: slot, [WorkerVariable.slots]: slots };
    assert.throws(
      () => readWorkerEnvironment(environment),
      /ROLLCALL_SLOT=".*" of .* is no place among workers/,
    );
  }
});
