import { connect, createServer, type AddressInfo, type OnReadOpts, type Socket } from "node:net";
import { TcpConnection } from "./tcp-connection.js";
import type { Connection, DialOptions, Listener, ListenOptions, Transport } from "./transport.js";
import { withOnRead } from "./accepted-socket.js";

/** TCP with Nagle's algorithm off and keep-alive on. */
export const tcpTransport: Transport = { dial, listen };

/** A vanished host (no FIN, no RST) is noticed by keep-alive probes that start after this long without traffic. */
const KEEP_ALIVE_DELAY_MS = 10_000;

function dial({ host, port, signal }: DialOptions): Promise<Connection> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const connection = new TcpConnection();
    const socket = connect({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
      onread: onReadOf(connection),
    });
    const onAbort = (): void => void socket.destroy(signal.reason as Error);
    const onError = (error: Error): void => {
      signal.removeEventListener("abort", onAbort);
      reject(error);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("error", onError);
    socket.once("connect", () => {
      signal.removeEventListener("abort", onAbort);
      socket.removeListener("error", onError);
      connection.start(socket, true);
      resolve(connection);
    });
  });
}

function listen({ host, port, accept }: ListenOptions): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const server = createServer(
      { noDelay: true, pauseOnConnect: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS },
      (accepted) => accept(adopt(accepted)),
    );
    server.once("error", reject);
    server.listen({ host, port, backlog: 1024 }, () => {
      server.removeListener("error", reject);
      // An accept that fails (out of file descriptors) concerns that one connection only.
      server.on("error", () => {});
      resolve({ host, port: (server.address() as AddressInfo).port, close: () => void server.close() });
    });
  });
}

function adopt(accepted: Socket): TcpConnection {
  const connection = new TcpConnection();
  const { socket, hasOnRead } = withOnRead(accepted, onReadOf(connection));
  connection.start(socket, hasOnRead);
  return connection;
}

function onReadOf(connection: TcpConnection): OnReadOpts {
  return { buffer: () => connection.readTarget(), callback: (count) => connection.readInto(count) };
}
