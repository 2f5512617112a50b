/** What an observer sees of a task: the members of DescribeTasks that say how it is. Times are on the wire only. */
export interface ObservedTask {
  readonly taskArn: string;
  readonly taskDefinitionArn: string;
  readonly clusterArn: string;
  readonly containerInstanceArn: string;
  readonly lastStatus: string;
  readonly desiredStatus: string;
  readonly version: number;
  readonly startedBy?: string;
  readonly group: string;
  readonly stopCode?: string;
  readonly stoppedReason?: string;
  readonly containers: readonly {
    readonly name: string;
    readonly lastStatus: string;
    readonly exitCode?: number;
    readonly reason?: string;
  }[];
}

export interface TaskOutput {
  readonly taskArn: string;
  readonly container: string;
  readonly stream: "stdout" | "stderr";
  /** Without its line end. */
  readonly line: string;
}

/** A set of listeners. A listener that throws is a defect of its owner and does not stop the others. */
export class Listeners<T> {
  readonly #listeners = new Set<(value: T) => void>();

  /** Returns the function that takes the listener away. */
  add(listener: (value: T) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(value: T): void {
    for (const listener of this.#listeners) {
      try {
        listener(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
