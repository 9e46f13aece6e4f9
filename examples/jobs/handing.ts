import { OutageError, WaitError } from 'headgate';

/** Runs `work`. The wait that ended a call of it, also where an SDK's error has it as its cause, goes to `hand` instead. */
export async function handing<R, H>(
  work: () => Promise<R>,
  hand: (wait: WaitError | OutageError) => Promise<H>,
): Promise<R | H> {
  try {
    return await work();
  } catch (error) {
    for (let each = error, depth = 0; each instanceof Error && depth < 8; each = each.cause, depth += 1) {
      if (each instanceof WaitError || each instanceof OutageError) return hand(each);
    }
    throw error;
  }
}
