/** Patience is counted in so many parts. */
const PARTS = 10;

/**
 * The result, or `undefined` when there is none in time. Time in which this process was too busy to listen does not
 * count: it says nothing of who should have answered.
 */
export async function within<T>(ms: number, result: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const part = ms / PARTS;
  const late = new Promise<undefined>((resolve) => {
    let left = PARTS;
    const listen = (): void => {
      const startedAt = performance.now();
      timer = setTimeout(() => {
        if (performance.now() - startedAt < 2 * part + 5) left -= 1;
        if (left === 0) setImmediate(resolve, undefined);
        else listen();
      }, part);
      timer.unref();
    };
    listen();
  });
  try {
    return await Promise.race([result.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}
