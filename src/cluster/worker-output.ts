/** One line that a worker wrote. */
export interface WorkerLine {
  /** The worker's pid; undefined until it has joined. */
  readonly pid: number | undefined;
  /** The platform's id of the worker. */
  readonly id: string;
  readonly stream: "stdout" | "stderr";
  /** Without its line end. */
  readonly text: string;
}

/** What becomes of the lines that workers write: `print` (the default) writes them to the manager's own stream. */
export type OutputOption = "print" | "ignore" | ((line: WorkerLine) => void);

export function outputSink(option: OutputOption): (line: WorkerLine) => void {
  if (typeof option === "function") {
    return (line) => {
      try {
        option(line);
      } catch (error) {
        // Its mistake is the program's; what a worker writes must not end its connection.
        process.nextTick(() => {
          throw error;
        });
      }
    };
  }
  if (option === "ignore") return () => {};
  return ({ pid, id, stream, text }) => {
    process[stream].write(`${pid === undefined ? id : `worker ${pid}`}: ${text}\n`);
  };
}
