/** Far above what any step takes: for a contender that hangs. */
const LIMIT_MS = 120_000;

/** Settles as `step` does, or rejects after two minutes with an error that names who was too slow. */
export async function within<T>(name: string, step: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} did not end within ${LIMIT_MS / 1_000} s`)), LIMIT_MS);
  });
  try {
    return await Promise.race([step, limit]);
  } finally {
    clearTimeout(timer);
  }
}
