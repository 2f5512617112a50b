const SLICES = 5;

/**
 * Waits for `promise`, but for `ms` milliseconds at most, and then rejects with the error of `late`. The time is
 * counted in slices: while this process itself is too busy to see an answer, one slice passes and no more.
 */
export async function settleWithin<T>(promise: Promise<T>, ms: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    let left = SLICES;
    timer = setInterval(() => {
      left -= 1;
      if (left === 0) reject(late());
    }, ms / SLICES);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearInterval(timer);
  }
}
