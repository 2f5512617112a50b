import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** Connects to `host:port`. Whether and how the other end closes it is told by `closed`. */
export async function stranger(address: string): Promise<{ socket: Socket; closed: Promise<void> }> {
  const colon = address.lastIndexOf(":");
  const socket = connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) });
  // Being thrown out is what it expects.
  socket.on("error", () => undefined);
  socket.resume();
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
  });
  await once(socket, "connect");
  return { socket, closed };
}

/**
 * A way to `address` that breaks: it ends the first `broken` connections at once and passes the others on. `close` resolves
 * when nothing of it is left.
 */
export async function brokenWay(
  address: string,
  broken: number,
): Promise<{ address: string; close: () => Promise<void> }> {
  const colon = address.lastIndexOf(":");
  const target = { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
  let left = broken;
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    if (left-- > 0) {
      socket.destroy();
      return;
    }
    const onwards = connect(target);
    onwards.on("error", () => undefined);
    socket.pipe(onwards).pipe(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = async (): Promise<void> => {
    server.close();
    await once(server, "close");
  };
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

/** A frame header (length, type, flags, id, aux) that announces four gigabytes. */
export function headerOfHugeFrame(): Uint8Array {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(0xffff_fff0, 0);
  header.writeUInt8(1, 4);
  return header;
}
