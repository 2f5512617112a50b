import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallableProcess } from "#dist/calls/call-process.js";
import { checkMapOptions } from "#dist/pool/map-options.js";
import { ParallelMap } from "#dist/pool/parallel-map.js";
import type { PendingCall } from "#dist/rpc/pending-calls.js";
import { deferred } from "#dist/util/deferred.js";

/** A worker whose connection has no room until it is given some; it answers a call with its own argument, later. */
class CrowdedProcess implements Pick<CallableProcess, "isOpen" | "hasRoom" | "room" | "call" | "abandon"> {
  readonly isOpen = true;
  hasRoom = false;
  readonly #room = deferred<void>();

  giveRoom(): void {
    this.hasRoom = true;
    this.#room.resolve();
  }

  room(): Promise<void> {
    return this.#room.promise;
  }

  call(_reference: unknown, args: readonly unknown[], call: PendingCall): number {
    assert.ok(this.hasRoom, "nothing is sent without room");
    setImmediate(() => call.resolve(args[0]));
    return 0;
  }

  abandon(): void {}
}

void test("a map whose only worker is crowded by others goes on as soon as there is room", async () => {
  const process = new CrowdedProcess();
  const map = new ParallelMap<number, number>(
    {
      reference: () => ({ module: "work.js", export: "same", name: "same" }),
      processes: () => [{ pid: 2, process: process as unknown as CallableProcess }],
      mayGrow: () => false,
      lastLaunchError: () => undefined,
      isClosed: () => false,
      onChange: () => () => {},
      underWay: () => () => {},
    },
    [1, 2, 3][Symbol.iterator](),
    checkMapOptions<number>({}),
  );
  await new Promise((resolve) => setImmediate(resolve));
  process.giveRoom();
  assert.deepEqual(await map, [1, 2, 3]);
});
