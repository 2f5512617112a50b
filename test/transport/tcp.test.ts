import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { HEADER_SIZE } from "#dist/protocol/frame.js";
import { authenticatedLimits } from "#dist/protocol/limits.js";
import { bareMessage, MessageType } from "#dist/protocol/message.js";
import { tcpTransport } from "#dist/transport/tcp.js";
import { deferred } from "#dist/util/deferred.js";

const never = new AbortController().signal;
const host = "127.0.0.1";

/** A server that speaks no Rollcall: it tells what it reads, piece by piece. */
async function rawServer(): Promise<{
  port: number;
  reads: Buffer[];
  ended: Promise<void>;
  close: () => void;
}> {
  const reads: Buffer[] = [];
  const ended = deferred<void>();
  const server = createServer((socket) => {
    socket.on("data", (bytes) => reads.push(bytes));
    socket.on("end", () => ended.resolve());
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    reads,
    ended: ended.promise,
    close: () => server.close(),
  };
}

void test("all small messages of one turn leave in one write", async () => {
  const server = await rawServer();
  const connection = await tcpTransport.dial({ host, port: server.port, signal: never });
  connection.setHandlers({ message: () => {}, drained: () => {}, closed: () => {} });
  for (let id = 0; id < 100; id++) connection.send(bareMessage(MessageType.call, id));
  connection.end();
  await server.ended;
  server.close();
  assert.deepEqual(
    server.reads.map(({ length }) => length),
    [100 * HEADER_SIZE],
  );
});

void test("a small message overtakes a large one that was sent before it", async () => {
  const order: number[] = [];
  const arrived = deferred<void>();
  const listener = await tcpTransport.listen({
    host,
    port: 0,
    accept: (connection) => {
      connection.setLimits(authenticatedLimits());
      connection.setHandlers({
        message: ({ id }) => {
          if (order.push(id) === 2) arrived.resolve();
        },
        drained: () => {},
        closed: () => {},
      });
    },
  });
  const connection = await tcpTransport.dial({ host, port: listener.port, signal: never });
  connection.setHandlers({ message: () => {}, drained: () => {}, closed: () => {} });
  connection.send({ ...bareMessage(MessageType.call, 1), segments: [new Uint8Array(30 * 1024 * 1024)] });
  connection.flush();
  connection.send(bareMessage(MessageType.call, 2));
  await arrived.promise;
  assert.deepEqual(order, [2, 1]);
  connection.end();
  listener.close();
});

void test("a peer that speaks something else loses its connection with a protocol error", async () => {
  const ended = deferred<Error | undefined>();
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.write("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  const connection = await tcpTransport.dial({ host, port, signal: never });
  connection.setHandlers({ message: () => {}, drained: () => {}, closed: ended.resolve });
  assert.equal((await ended.promise)?.name, "ProtocolError");
  server.close();
});
