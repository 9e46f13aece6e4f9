/**
 * The monotonic time of the process. It follows a test's fake `performance`, or its fake `Date` if `setTimeout` is
 * faked too; a frozen `Date` with real timers is ignored. Time never jumps back when fakes are installed or removed.
 */
type Read = () => number;

const { performance: ownPerformance, Date: OwnDate, setTimeout: ownSetTimeout } = globalThis;
const ownNow = ownPerformance.now;
const { timeOrigin } = ownPerformance;
const own: Read = () => ownNow.call(ownPerformance);

/** The current source of time, what identifies it, and the offset added to it. */
let source: Read = own;
let identity: unknown = ownNow;
let offsetMs = timeOrigin;
/** Last moment read from a fake. */
let last = 0;

/** The current moment, in Unix ms. */
export function processTime(): number {
  const { performance } = globalThis;
  const { now } = performance;
  if (now === ownNow && identity === ownNow && globalThis.setTimeout === ownSetTimeout) {
    return ownNow.call(performance) + offsetMs;
  }
  return follow(performance, now);
}

/** The slow path: time is faked, or was until now. */
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
