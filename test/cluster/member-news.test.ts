import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster } from "#dist/index.js";
import { MessageType } from "#dist/protocol/message.js";
import { MemoryManager, MemoryNetwork } from "#dist/testing/index.js";
import type { Connection, DialOptions, Transport } from "#dist/transport/transport.js";
import { procsSeen } from "./fixtures/peers.js";

/** The manager's end of a network, which counts the messages about members that it sends. */
function counting(network: MemoryNetwork): Transport & { sent: number } {
  const transport = {
    sent: 0,
    dial: async (options: DialOptions): Promise<Connection> => {
      const connection = await network.dial(options);
      const send = connection.send.bind(connection);
      connection.send = (message) => {
        if (message.type === MessageType.members) transport.sent++;
        return send(message);
      };
      return connection;
    },
    listen: network.listen.bind(network),
  };
  return transport;
}

test("200 workers are told of each other in a few messages each, and see all of them", async () => {
  const network = new MemoryNetwork();
  const transport = counting(network);
  await using cluster = new Cluster({ transport, leaveGraceMs: 1_000 });
  const count = 200;
  await cluster.addProcs(new MemoryManager({ network, workers: count }));
  assert.ok(transport.sent <= 5 * count, `${transport.sent} messages for ${count} workers`);
  assert.ok(transport.sent >= count);
  const pids = cluster.procs();
  for (const pid of [2, 100, count + 1]) {
    assert.deepEqual(await cluster.remoteCallFetch(procsSeen, pid), pids);
  }
  const before = transport.sent;
  await cluster.rmProcs(cluster.workers().slice(0, 100), { graceMs: 1_000 });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(await cluster.remoteCallFetch(procsSeen, count + 1), cluster.procs());
  const told = transport.sent - before;
  assert.ok(told <= 10 * 100, `${told} messages for 100 workers that went`);
});
