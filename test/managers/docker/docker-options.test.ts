import assert from "node:assert/strict";
import { test } from "node:test";
import { DockerManager, type DockerManagerOptions } from "#dist/managers/docker/index.js";
import { ownContainerId } from "#dist/managers/docker/own-image.js";

const mistakes: readonly [what: string, options: object, message: RegExp][] = [
  ["no number of workers", {}, /workers must be a number or \{ min, max \}, not undefined/],
  ["an unknown option", { worker: 3 }, /there is no option "worker"/],
  ["no name of an image", { image: "" }, /image must not be empty; give "my-workers:latest"/],
  ["a network that nobody reaches", { network: "none" }, /network cannot be "none"/],
  ["the network of another container", { network: "container:x" }, /network cannot be "container:x"/],
  ["an empty command", { command: [] }, /command must be an array of strings .*, not an array of 0/],
  ["a reserved variable", { env: { ROLLCALL_TOKEN: "x" } }, /names that begin with ROLLCALL_ are reserved/],
  ["a variable that is no text", { env: { LEVEL: 3 } }, /env.LEVEL must be a string, not 3/],
  ["too little memory", { memoryMiB: 5 }, /memoryMiB must be a whole number of 6 or more, not 5/],
  ["no cores", { cpus: 0 }, /cpus must be a number of cores such as 0.5 or 4, not 0/],
  ["a volume without a place", { volumes: ["/data"] }, /volumes takes entries such as "\/data:\/data:ro"/],
  ["a port that is none", { rendezvous: { port: 70_000 } }, /rendezvous.port must be a whole number/],
  ["an unknown time limit", { timeouts: { launch: 1 } }, /there is no option "launch"/],
];

for (const [what, options, message] of mistakes) {
  void test(`${what} is refused by name before any engine is asked`, () => {
    const given = what === "no number of workers" ? options : { workers: 1, ...options };
    assert.throws(() => new DockerManager(given as DockerManagerOptions), message);
  });
}

void test("a process finds the container it runs in by the files that Docker mounts into it", () => {
  const id = "0123456789abcdef".repeat(4);
  const mounts = `612 600 0:27 / /proc rw - proc proc rw
640 611 254:1 /var/lib/docker/containers/${id}/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw`;
  assert.equal(ownContainerId(mounts, "box"), id);
});

void test("failing these its host name may be the container's id", () => {
  assert.equal(ownContainerId("", "0123456789ab"), "0123456789ab");
});

void test("a process on a plain machine is in no container", () => {
  assert.equal(ownContainerId("25 30 0:23 / /sys rw - sysfs sysfs rw", "ip-10-0-0-12"), undefined);
});
