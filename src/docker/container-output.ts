/** What a container writes, line by line, from its first one on. */
import { Writable, type Readable } from "node:stream";
import type { Container } from "dockerode";
import { LineSplitter } from "../util/line-splitter.js";
import type { Docker } from "./docker-engine.js";

/** The engine hands over the last output right after the end; it is not waited for longer than this. */
const LATE_OUTPUT_MS = 2_000;

export type OutputListener = (stream: "stdout" | "stderr", line: string) => void;

export interface ContainerOutput {
  /** The container has ended, or closed its output, or its engine is gone. */
  readonly ended: Promise<void>;
  /** Resolves when all output has been handed over, or the container's end is past for long enough. */
  finish(): Promise<void>;
}

/** To be called before the start, so that the first line is not missed. Longer lines are cut, by default as `LineSplitter` does. */
export async function attachOutput(
  engine: Docker,
  container: Container,
  onLine: OutputListener,
  maxLineLength?: number,
): Promise<ContainerOutput> {
  // Without an input the library hands over the answer itself, whatever its types say.
  const stream = (await container.attach({
    stream: true,
    stdout: true,
    stderr: true,
  })) as unknown as Readable;
  const stdout = new LineSplitter((line) => onLine("stdout", line), maxLineLength);
  const stderr = new LineSplitter((line) => onLine("stderr", line), maxLineLength);
  engine.modem.demuxStream(stream, lineSink(stdout), lineSink(stderr));
  const ended = new Promise<void>((resolve) => {
    stream.once("end", resolve);
    stream.once("close", resolve);
    stream.once("error", () => resolve());
  });
  return {
    ended,
    finish: async () => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, LATE_OUTPUT_MS)));
      await Promise.race([ended, late]);
      clearTimeout(timer);
      stream.destroy();
      stdout.end();
      stderr.end();
    },
  };
}

function lineSink(splitter: LineSplitter): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      splitter.push(chunk);
      done();
    },
  });
}
