/** What a container writes, line by line, from its first one on. */
import { StringDecoder } from "node:string_decoder";
import { Writable, type Readable } from "node:stream";
import type { Container } from "dockerode";
import { LineSplitter } from "../util/line-splitter.js";
import type { Docker } from "./docker-engine.js";

/** The engine hands over the last output right after the end; it is not waited for longer than this. */
const LATE_OUTPUT_MS = 2_000;

export interface ContainerOutput {
  /** The container has ended, or closed its output, or its engine is gone. */
  readonly ended: Promise<void>;
  /** Resolves when all output has been handed over, or the container's end is past for long enough. */
  finish(): Promise<void>;
}

/** To be called before the start, so that the first line is not missed. */
export async function attachOutput(
  engine: Docker,
  container: Container,
  onLine: (stream: "stdout" | "stderr", line: string) => void,
): Promise<ContainerOutput> {
  // Without an input the library hands over the answer itself, whatever its types say.
  const stream = (await container.attach({
    stream: true,
    stdout: true,
    stderr: true,
  })) as unknown as Readable;
  const splitters = {
    stdout: new LineSplitter((line) => onLine("stdout", line)),
    stderr: new LineSplitter((line) => onLine("stderr", line)),
  };
  engine.modem.demuxStream(stream, lineSink(splitters.stdout), lineSink(splitters.stderr));
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
      splitters.stdout.end();
      splitters.stderr.end();
    },
  };
}

function lineSink(splitter: LineSplitter): Writable {
  // A character may be split over two pieces.
  const decoder = new StringDecoder("utf8");
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      splitter.push(decoder.write(chunk));
      done();
    },
  });
}
