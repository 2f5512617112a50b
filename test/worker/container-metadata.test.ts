import assert from "node:assert/strict";
import { test } from "node:test";
import { parseContainerMetadata, parseMetadataFile } from "#dist/worker/container-metadata.js";

const TASK = "arn:aws:ecs:us-east-1:123456789012:task/default/0123";
const Labels = { "com.amazonaws.ecs.task-arn": TASK };

void test("in awsvpc mode the task's own addresses are those of its network, without link-local ones", () => {
  const metadata = parseContainerMetadata(
    JSON.stringify({
      Labels,
      Networks: [
        {
          NetworkMode: "awsvpc",
          IPv4Addresses: ["169.254.172.2", "10.0.2.106"],
          IPv6Addresses: ["fe80::1", "2600:1f18::2"],
        },
      ],
    }),
  );
  assert.deepEqual(metadata, {
    taskArn: TASK,
    networkMode: "awsvpc",
    addresses: ["10.0.2.106", "2600:1f18::2"],
    instanceAddress: undefined,
    ports: [],
  });
});

void test("in host mode the address is empty, and counts as none", () => {
  const metadata = parseContainerMetadata(
    JSON.stringify({ Labels, Networks: [{ NetworkMode: "host", IPv4Addresses: [""] }] }),
  );
  assert.equal(metadata.networkMode, "host");
  assert.deepEqual(metadata.addresses, []);
});

void test("in bridge mode only mapped TCP ports count, and the container's own address does not", () => {
  const metadata = parseContainerMetadata(
    JSON.stringify({
      Labels,
      Networks: [{ NetworkMode: "bridge", IPv4Addresses: ["172.17.0.3"] }],
      Ports: [
        { ContainerPort: 8080, Protocol: "tcp" },
        { ContainerPort: 8081, Protocol: "tcp", HostPort: 0 },
        { ContainerPort: 8082, Protocol: "udp", HostPort: 32_768 },
        { ContainerPort: 8083, Protocol: "tcp", HostPort: 32_769, HostIp: "0.0.0.0" },
      ],
    }),
  );
  assert.deepEqual(metadata.addresses, []);
  assert.deepEqual(metadata.ports, [{ containerPort: 8083, hostPort: 32_769 }]);
});

void test("metadata without a task are refused", () => {
  for (const text of ["{}", `{"Labels":{}}`, "null", "[]"])
    assert.throws(() => parseContainerMetadata(text), /name no task/);
  assert.throws(() => parseContainerMetadata("<html>"), SyntaxError);
});

const file = {
  TaskARN: TASK,
  PortMappings: [{ ContainerPort: 8080, HostPort: 49_153, BindIp: "0.0.0.0", Protocol: "tcp" }],
  Networks: [{ NetworkMode: "bridge", IPv4Addresses: ["172.17.0.2"] }],
  HostPrivateIPv4Address: "10.0.1.5",
};

void test("the metadata file says nothing before it is READY", () => {
  assert.equal(parseMetadataFile(JSON.stringify(file)), undefined);
  assert.equal(parseMetadataFile(JSON.stringify({ ...file, MetadataFileStatus: "INITIAL" })), undefined);
});

void test("the metadata file has the mapped ports and the instance's address", () => {
  assert.deepEqual(parseMetadataFile(JSON.stringify({ ...file, MetadataFileStatus: "READY" })), {
    taskArn: TASK,
    networkMode: "bridge",
    addresses: [],
    instanceAddress: "10.0.1.5",
    ports: [{ containerPort: 8080, hostPort: 49_153 }],
  });
});
