import { Socket, type OnReadOpts } from "node:net";

/**
 * Gives an accepted connection the `onread` option, with which Node reads into memory that we choose. Node offers it
 * to sockets that dial only; a server's socket always allocates (and we would copy) each piece it reads, which halves
 * the rate of large arrays. So the handle moves into a new socket that has the option. Where a future Node no longer
 * keeps the handle in this place the socket is returned as it is, and the caller falls back to `data` events.
 *
 * The server must have been made with `pauseOnConnect`, or the first bytes may be lost.
 */
export function withOnRead(accepted: Socket, onread: OnReadOpts): { socket: Socket; hasOnRead: boolean } {
  const holder = accepted as unknown as { _handle: unknown };
  const handle = holder._handle;
  if (handle === null || handle === undefined) return { socket: accepted, hasOnRead: false };
  holder._handle = null;
  // Tells the server that its socket is gone; without a handle nothing else happens.
  accepted.destroy();
  const options = { handle, readable: true, writable: true, onread };
  return { socket: new Socket(options), hasOnRead: true };
}
