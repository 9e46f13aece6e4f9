import { setImmediate as turn } from 'node:timers/promises';
import type { VirtualClock } from './virtual-clock.ts';

/** Turns of the event loop in which what needs no time at all comes to its end, such as reading a short body. */
const TURNS = 20;

/**
 * Moves a clock on until the promise settles, and gives what it gives: from timer to timer, but by no more than `stepMs` at once.
 * Between two steps real work goes on, so that gates on a virtual clock may stand before real servers.
 */
export async function play<T>(clock: VirtualClock, promise: PromiseLike<T>, stepMs = 20): Promise<T> {
  let settled = false;
  const end = (): void => {
    settled = true;
  };
  promise.then(end, end);
  for (;;) {
    for (let passed = 0; passed < TURNS && !settled; passed += 1) await turn();
    if (settled) return promise;
    await clock.advance(Math.max(0, Math.min(stepMs, clock.nextAt() - clock.now())));
  }
}
