import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { afterEach, test } from "node:test";
import { leftovers, nothingIsLeft } from "./leftovers.js";

afterEach(nothingIsLeft);

const isLinux = process.platform === "linux";

test(
  "a child process and a listening port are told as left behind for as long as they are there",
  { skip: isLinux ? false : "leftovers are found through /proc, which only Linux has" },
  async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    const server = createServer().listen(0, "127.0.0.1");
    await Promise.all([once(child, "spawn"), once(server, "listening")]);
    const { port } = server.address() as AddressInfo;
    const told = leftovers();
    assert.ok(told.some((line) => line.startsWith(`process ${child.pid} `)));
    assert.ok(told.includes(`listening port ${port}`));
    child.kill("SIGKILL");
    server.close();
    await Promise.all([once(child, "exit"), once(server, "close")]);
  },
);
