import { Socket } from "node:net";

/**
 * Descriptors of a worker that another process supervises: the read ends of pipes on which nothing comes but their end, when
 * that process is gone. One for each thread that watches: the main thread may compute for an hour, and two threads cannot
 * close one descriptor.
 */
export const SupervisorPipe = { main: 3, controlThread: 4 } as const;

/** Tells once when the supervisor is gone. Does not keep the process alive. */
export function watchSupervisor(fd: number, onGone: (message: string) => void): void {
  const pipe = new Socket({ fd, readable: true, writable: false });
  // Whatever ends it is followed by `close`.
  pipe.on("error", () => undefined);
  pipe.once("close", () => onGone("the process that supervises the workers of this container is gone"));
  pipe.resume();
  pipe.unref();
}
