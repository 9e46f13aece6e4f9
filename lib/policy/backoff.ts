import { LONGEST_WAIT_MS } from '../words/types.ts';
import type { Backoff } from './policy.ts';

/** Maximum exponent of 2 in a number; with a base of 0, a larger one would yield NaN. */
const MAX_DOUBLINGS = 1023;

/** A source of random numbers in [0, 1). */
export type Random = () => number;

/**
 * The wait before resend number `resend` (from 1), in ms.
 *
 * - `decorrelated`: U(base, 3 · previous), where previous is base at first;
 * - `full`: U(0, c);
 * - `equal`: c/2 + U(0, c/2);
 * - `none`: c;
 *
 * where c = base · 2^(resend − 1). All are capped at max, and finite for any `max` and `resend`.
 *
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 *
 * @param previousMs the wait before the last resend, if there was one
 */
export function backoffMs(
  backoff: Backoff,
  resend: number,
  previousMs: number | undefined,
  random: Random,
): number {
  const { jitter } = backoff;
  const maxMs = Math.min(backoff.maxMs, LONGEST_WAIT_MS);
  const baseMs = Math.min(backoff.baseMs, maxMs);
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(resend - 1, MAX_DOUBLINGS));
  switch (jitter) {
    case 'decorrelated':
      return Math.min(maxMs, baseMs + random() * Math.max(0, 3 * (previousMs ?? baseMs) - baseMs));
    case 'full':
      return random() * ceiling;
    case 'equal':
      return (ceiling + random() * ceiling) / 2;
    case 'none':
      return ceiling;
  }
}
