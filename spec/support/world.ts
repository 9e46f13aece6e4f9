import type { Gate } from '../../lib/gate/gate.ts';
import type { Permit } from '../../lib/gate/permit.ts';
import { DEFAULT_POLICY } from '../../lib/policy/policy.ts';
import { type Counter, FixedWindow, RollingWindow, TokenBucket } from '../../lib/simulator/counters.ts';
import { ask, permitOf } from './gates.ts';
import { settled, type VirtualClock } from './virtual-clock.ts';

/** One limit that a generated server keeps. */
export interface ServerLimit {
  readonly kind: 'fixed' | 'rolling' | 'bucket';
  readonly limit: number;
  /** ms */
  readonly per: number;
  /** Start of the first fixed window, as a share of `per`. */
  readonly phase: number;
}

/** A server and the calls made to it. */
export interface World {
  readonly limits: readonly ServerLimit[];
  /** How a refusal tells the wait. */
  readonly retryAfter: 'precise' | 'seconds' | 'silent';
  /** Requests worked on at once; more are refused for overload. */
  readonly capacity?: number;
  /** ms from sending to arrival, and from there to the response: least and most. */
  readonly latency: readonly [number, number];
  readonly calls: number;
  /** Fault in the place of an answer. */
  readonly faulty?: (now: number) => boolean;
  /** What the limits are from a moment on, in ms after the start. */
  readonly change?: { readonly at: number; readonly limits: readonly ServerLimit[] };
}

/** What became of it. */
export interface History {
  /** ms until the last call was served. */
  readonly elapsed: number;
  readonly refused: number;
  readonly faults: number;
  /** Moments, in ms after the start, at which calls were admitted. */
  readonly admitted: readonly number[];
}

/** Less than that is a rounding error, in ms. */
const NOTHING = 1e-6;

function countersOf(limits: readonly ServerLimit[], start: number): Counter[] {
  return limits.map(({ kind, limit, per, phase }) => {
    if (kind === 'rolling') return new RollingWindow(limit, per);
    return kind === 'bucket'
      ? new TokenBucket(limit, per)
      : new FixedWindow(limit, per, start - (1 - phase) * per);
  });
}

/** ms that it would take who knew all of it beforehand. */
export function idealMs({ limits, calls, latency, capacity }: World): number {
  const counters = countersOf(limits, 0);
  const mean = latency[0] + latency[1];
  const busy: number[] = [];
  let now = 0;
  for (let call = 0; call < calls; call += 1) {
    for (let wait = Infinity; wait > NOTHING; now += wait) {
      while ((busy[0] ?? Infinity) <= now) busy.shift();
      const crowd = busy.length >= (capacity ?? Infinity) ? (busy[0] as number) - now : 0;
      wait = Math.max(crowd, ...counters.map((counter) => counter.wait(now)));
    }
    for (const counter of counters) counter.count(now);
    busy.push(now + mean);
  }
  return now + mean;
}

/** Sends all calls through the gate at once, each again until it is served. */
export async function inhabit(
  world: World,
  gate: Gate,
  clock: VirtualClock,
  random: () => number,
): Promise<History> {
  const start = clock.now();
  let counters = countersOf(world.limits, start);
  const admitted: number[] = [];
  const [least, most] = world.latency;
  let [refused, faults, served, inService] = [0, 0, 0, 0];
  const after = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimer(resolve, ms, true));
  if (world.change) {
    const { at, limits } = world.change;
    clock.setTimer(() => (counters = countersOf(limits, clock.now())), at, false);
  }
  /** The server's answer: nothing, a wait, or a fault. */
  const judge = (now: number): number | 'fault' | 'served' => {
    if (world.faulty?.(now - start) || inService >= (world.capacity ?? Infinity)) return 'fault';
    const wait = Math.max(0, ...counters.map((counter) => counter.wait(now)));
    if (wait > NOTHING) return wait;
    for (const counter of counters) counter.count(now);
    admitted.push(now - start);
    return 'served';
  };
  const attempt = async (permit: Permit, call: number): Promise<boolean> => {
    await after(least + random() * (most - least));
    const answer = judge(clock.now());
    if (answer === 'served') inService += 1;
    await after(least + random() * (most - least));
    if (answer === 'served') inService -= 1;
    const now = clock.now();
    permit.answer(now);
    if (answer === 'served') gate.served(permit.takenAt);
    else if (answer === 'fault')
      gate.failed({ sentAt: permit.takenAt, call: String(call), route: 'GET /', overload: true });
    else {
      const wait = world.retryAfter === 'seconds' ? Math.ceil(answer / 1000) * 1000 : answer;
      const named = world.retryAfter !== 'silent';
      gate.throttled(
        permit.takenAt,
        named ? wait : undefined,
        named ? 'header' : 'backoff',
        DEFAULT_POLICY.backoff,
      );
    }
    permit.settle(now);
    if (answer === 'served') return true;
    if (answer === 'fault') faults += 1;
    else refused += 1;
    if (answer === 'fault') await after(500 + random() * 1000);
    return false;
  };
  const call = async (number: number): Promise<void> => {
    for (let resend = false; ; resend = true) {
      const permit = await permitOf(gate.acquire(ask({ resend })));
      if (await attempt(permit, number)) break;
    }
    served += 1;
  };
  for (let number = 0; number < world.calls; number += 1) void call(number);
  await settled();
  for (let turn = 0; served < world.calls; turn += 1) {
    if (turn > 60_000 || clock.nextAt() === Infinity)
      throw new Error(
        `stuck: ${served} of ${world.calls} served, ${refused} refused, at ${clock.now() - start} ms, ${JSON.stringify(gate.snapshot())}`,
      );
    await clock.advance(clock.nextAt() - clock.now());
  }
  return { elapsed: clock.now() - start, refused, faults, admitted };
}
