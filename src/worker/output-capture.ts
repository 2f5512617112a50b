import { LineSplitter } from "../util/line-splitter.js";

/**
 * Passes on the lines that this process writes to stdout and stderr, whole lines only, besides writing them where they
 * belong. A line is passed on the moment it is complete, also while the main thread goes on computing.
 */
export function captureOutput(
  streams: { readonly stdout: NodeJS.WriteStream; readonly stderr: NodeJS.WriteStream },
  onLine: (stream: "stdout" | "stderr", line: string) => void,
): void {
  for (const name of ["stdout", "stderr"] as const) {
    const stream = streams[name];
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    const splitter = new LineSplitter((line) => onLine(name, line));
    stream.write = (chunk: Uint8Array | string, ...more: unknown[]): boolean => {
      splitter.push(chunk);
      return write(chunk, ...more);
    };
  }
}
