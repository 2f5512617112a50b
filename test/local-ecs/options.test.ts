import { startLocalECS, type LocalECSOptions } from "#dist/local-ecs/index.js";
import assert from "node:assert/strict";
import test from "node:test";

const BAD: readonly (readonly [unknown, RegExp])[] = [
  [{ instances: -1 }, /instances must be a whole number from 0 to 5000; it is -1/],
  [{ instances: 1.5 }, /instances must be a whole number .* it is 1.5/],
  [{ instances: "two" }, /instances must be a number or a list; it is "two"/],
  [{ instances: [{ cpu: 0 }] }, /instances\[0\].cpu must be .* it is 0/],
  [{ instances: [{ cores: 2 }] }, /instances\[0\]: there is no option "cores"; the options are cpu, memory/],
  [{ instances: [{ docker: {} }] }, /instances\[0\].docker.socketPath must be a string; it is undefined/],
  [
    { instances: [{ docker: { socketPath: "docker.sock" } }] },
    /socketPath must be like ".*"; it is "docker.sock"/,
  ],
  [{ instances: [{ docker: { socket: "/d" } }] }, /instances\[0\].docker: there is no option "socket"/],
  [
    { instances: [{ docker: { socketPath: "/d" } }, {}] },
    /instances\[1\] has no docker, and another one has/,
  ],
  [
    { instances: [{ ec2InstanceId: "i-1" }] },
    /instances\[0\].ec2InstanceId must be like "i-0123.*"; it is "i-1"/,
  ],
  [{ advertiseHost: "a b" }, /advertiseHost must be like "10.0.0.1"; it is "a b"/],
  [{ region: "moon" }, /region must be like "us-east-1"; it is "moon"/],
  [{ accountId: "12" }, /accountId must be like "123456789012"; it is "12"/],
  [{ port: 70_000 }, /port must be a whole number from 0 to 65535; it is 70000/],
  [{ workingDirectory: "/does/not/exist" }, /workingDirectory must be a directory that exists/],
  [null, /the options of startLocalECS must be an object, not null/],
  [[], /the options of startLocalECS must be an object, not \[\]/],
  [{ instances: [null] }, /the options of instances\[0\] must be an object, not null/],
  [{ instances: [{ availabilityZone: 5 }] }, /instances\[0\].availabilityZone must be a string; it is 5/],
  [{ workingDirectory: 5 }, /workingDirectory must be a string; it is 5/],
  [{ missingImages: "worker:1" }, /missingImages must be a list; it is "worker:1"/],
  [{ missingImages: [5] }, /missingImages\[0\] must be a string; it is 5/],
  [{ instancs: 2 }, /startLocalECS: there is no option "instancs"/],
];
for (const [options, expected] of BAD) {
  void test(`the options ${JSON.stringify(options)} are refused`, async () => {
    await assert.rejects(startLocalECS(options as LocalECSOptions), (error: Error) => {
      assert.ok(error instanceof TypeError || error instanceof RangeError);
      assert.match(error.message, expected);
      return true;
    });
  });
}

void test("a port that is taken rejects with the error of the socket", async () => {
  await using first = await startLocalECS();
  const port = Number(new URL(first.endpoint).port);
  await assert.rejects(startLocalECS({ port }), { code: "EADDRINUSE" });
});
