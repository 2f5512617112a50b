import assert from "node:assert/strict";
import { test } from "node:test";
import { listenInRange } from "#dist/transport/listen-in-range.js";
import { tcpTransport } from "#dist/transport/tcp.js";
import type { Listener } from "#dist/transport/transport.js";
import { freePorts } from "../fixtures/free-ports.js";

const accept = (): void => {};

void test("each listener of a range takes a port that is free, and one too many is told that none is", async (context) => {
  const ports = await freePorts(3);
  const listeners: Listener[] = [];
  context.after(() => listeners.forEach((listener) => listener.close()));
  const listen = (start: number) => listenInRange(tcpTransport, { host: "127.0.0.1", ports, start, accept });
  for (const start of [1, 1, 1]) listeners.push(await listen(start));
  assert.deepEqual(
    listeners.map(({ port }) => port - ports.from),
    [1, 2, 0],
  );
  await assert.rejects(listen(0), {
    message: new RegExp(`^every port of ${ports.from}-${ports.to} is taken on 127.0.0.1`),
  });
});

void test("an address that is not this machine's is no reason to try other ports", async () => {
  const ports = { from: 7000, to: 7099 };
  await assert.rejects(listenInRange(tcpTransport, { host: "192.0.2.1", ports, start: 0, accept }), {
    code: "EADDRNOTAVAIL",
  });
});
