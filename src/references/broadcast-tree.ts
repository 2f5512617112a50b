/** Processes that one process sends to: with n of them, N are reached in log n of N rounds, and 3 makes the shortest rounds. */
const FAN_OUT = 3;

/** The parts of a tree below one process: the first of each gets the value from it, and sends it to the others. */
export function branches(pids: readonly number[]): number[][] {
  const parts: number[][] = [];
  for (const [index, pid] of pids.entries()) (parts[index % FAN_OUT] ??= []).push(pid);
  return parts;
}
