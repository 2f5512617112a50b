/**
 * Passes on the lines that this process writes to stdout and stderr, whole lines only, besides writing them where they
 * belong. A line is passed on the moment it is complete, also while the main thread goes on computing.
 */
export function captureOutput(
  streams: { readonly stdout: NodeJS.WriteStream; readonly stderr: NodeJS.WriteStream },
  onLines: (stream: "stdout" | "stderr", lines: readonly string[]) => void,
): void {
  for (const name of ["stdout", "stderr"] as const) {
    const stream = streams[name];
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    let rest = "";
    stream.write = ((chunk: Uint8Array | string, ...more: unknown[]): boolean => {
      const text = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8");
      const lines = (rest + text).split("\n");
      // A line without an end would be kept for ever.
      rest = lines.pop()!.slice(-MAX_LINE_LENGTH);
      if (lines.length > 0) onLines(name, lines);
      return write(chunk, ...more);
    }) as typeof stream.write;
  }
}

const MAX_LINE_LENGTH = 64 * 1024;
