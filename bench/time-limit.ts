/** Far above what any step takes: for a contender that hangs. */
const LIMIT_MS = 120_000;

/** Settles as `step` does, or rejects after `limitMs`, two minutes by default, with an error that names who was too slow. */
export async function within<T>(name: string, step: Promise<T>, limitMs = LIMIT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} did not end within ${limitMs / 1_000} s`)), limitMs);
  });
  try {
    return await Promise.race([step, limit]);
  } finally {
    clearTimeout(timer);
  }
}
