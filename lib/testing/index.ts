/** `headgate/testing`: a clock that a test moves by hand, for `headgate(options, { clock })`, and checks of profiles. */
import { VirtualClock } from './virtual-clock.ts';

export type { Clock, Timer } from '../time/clock.ts';
export { type Example, expectExamples, type WithExamples } from './examples.ts';
export { type Answer, type ExpectedReading, expectReading } from './readings.ts';
export { VirtualClock } from './virtual-clock.ts';

/** 2026-01-01 00:00:00 UTC. */
const START = Date.UTC(2026, 0, 1);

/**
 * A clock that moves only when a test moves it.
 *
 * @param now Unix ms to start at. Default: 2026-01-01 00:00:00 UTC
 * @example
 * const clock = virtualClock();
 * const gate = headgate({}, { clock });
 * const call = gate.fetch(answers429With30sThen200)('https://api.example.com/');
 * await clock.advance(30_000);
 * await call;
 */
export function virtualClock({ now = START }: { readonly now?: number } = {}): VirtualClock {
  return new VirtualClock(now);
}
