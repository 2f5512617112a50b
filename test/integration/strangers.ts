import { once } from "node:events";
import { connect, type Socket } from "node:net";

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

/** A frame header (length, type, flags, id, aux) that announces four gigabytes. */
export function headerOfHugeFrame(): Uint8Array {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(0xffff_fff0, 0);
  header.writeUInt8(1, 4);
  return header;
}
