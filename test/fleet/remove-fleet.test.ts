import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { Fleet } from "./fleet.js";
import { fleetFolder } from "./remove-fleet.js";
import { whyNoFleet } from "./requirements.js";

const NAME = "crashed";

void describe("a fleet whose program was killed", { skip: whyNoFleet() }, () => {
  void test("is removed by the next one with its name, and that leaves nothing either", async () => {
    const crashed = startAndCrash();
    await once(crashed, "close");
    assert.equal(crashed.signalCode, "SIGKILL");
    assert.notDeepEqual(processesOf(NAME), []);
    {
      await using fleet = await Fleet.start({ name: NAME, instances: 1 });
      assert.deepEqual(await fleet.containers(), []);
      await assert.rejects(Fleet.start({ name: NAME }), /has a fleet with the name "crashed"/);
    }
    assert.deepEqual(processesOf(NAME), []);
    assert.deepEqual(
      readdirSync("/var/run/netns").filter((name) => name.includes(`-${NAME}-`)),
      [],
    );
    assert.ok(!readFileSync("/proc/self/mountinfo", "utf8").includes(fleetFolder(NAME)));
    assert.ok(!existsSync(fleetFolder(NAME)));
  });
});

function startAndCrash(): ChildProcess {
  const program = new URL("crashed-fleet.js", import.meta.url).pathname;
  // Its engines inherit stderr; a pipe would stay open as long as they live.
  return spawn(process.execPath, ["--no-warnings", program, NAME], { stdio: "ignore" });
}

/** The command lines that name the fleet's folder: its engines and what these run. */
function processesOf(name: string): string[] {
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .map((pid) => commandLine(pid))
    .filter((command) => command.includes(`${fleetFolder(name)}/`));
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
