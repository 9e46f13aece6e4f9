/**
 * The monotonic time of the process, which follows what a test fakes: `performance`, or else `Date` where `setTimeout`
 * is faked along with it. A frozen `Date` with real timers is not followed. Time never jumps back when a test begins or
 * ends to fake.
 */
type Read = () => number;

const { performance: ownPerformance, Date: OwnDate, setTimeout: ownSetTimeout } = globalThis;
const ownNow = ownPerformance.now;
const { timeOrigin } = ownPerformance;
const own: Read = () => ownNow.call(ownPerformance);

/** What time is read from, and what is added to it. */
let source: Read = own;
let identity: unknown = ownNow;
let offsetMs = timeOrigin;
/** The last moment read from a fake. */
let last = 0;

/** Moment in ms. */
export function followTime(): number {
  const { performance } = globalThis;
  const { now } = performance;
  if (now === ownNow && identity === ownNow && globalThis.setTimeout === ownSetTimeout) {
    return ownNow.call(performance) + offsetMs;
  }
  return follow(performance, now);
}

/** The slow path: something is faked, or was until now. */
function follow(performance: typeof ownPerformance, now: Read): number {
  const byDate = now === ownNow && globalThis.Date !== OwnDate && globalThis.setTimeout !== ownSetTimeout;
  const current: unknown = byDate ? globalThis.Date : now;
  if (current !== identity) {
    const before = identity === ownNow ? own() + offsetMs : last;
    source = byDate ? () => Date.now() : now === ownNow ? own : () => now.call(performance);
    identity = current;
    offsetMs = Math.max(now === ownNow && !byDate ? timeOrigin : -Infinity, before - source());
  }
  last = source() + offsetMs;
  return last;
}
