import type { Gate } from '../../lib/gate/gate.ts';
import { Permit } from '../../lib/gate/permit.ts';
import type { Place } from '../../lib/gate/place.ts';
import { DEFAULT_POLICY } from '../../lib/policy/policy.ts';
import { type Counter, FixedWindow, RollingWindow, TokenBucket } from '../../lib/simulator/counters.ts';
import { ask } from './gates.ts';
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
  /** Requests worked on at once, now or at a moment after the start; more are refused for overload. */
  readonly capacity?: number | ((now: number) => number);
  /** ms until such a refusal, or a fault, is told: a timeout's. */
  readonly faultMs?: number;
  /** ms that it works on a request, beside the way there and back. */
  readonly service?: (now: number, random: () => number) => number;
  /** Requests worked on at once; more wait for their turn. */
  readonly workers?: number;
  /** More are refused as if for a quota instead. */
  readonly crowded?: boolean;
  /** ms from sending to arrival, and from there to the response: least and most. */
  readonly latency: readonly [number, number];
  readonly calls: number;
  /** ms between two calls; all at once without. */
  readonly every?: number;
  /** ms after the start at which it ends, whatever is left; when all are served otherwise. */
  readonly until?: number;
  /** Fault in the place of an answer. */
  readonly faulty?: (now: number) => boolean;
  /** The faults say nothing of overload: 500s. */
  readonly plain?: boolean;
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
  /** So many were in flight at each admission. */
  readonly crowds: readonly number[];
  /** Moments at which attempts were refused. */
  readonly refusals: readonly number[];
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
  const most = typeof capacity === 'number' ? capacity : Infinity;
  let now = 0;
  for (let call = 0; call < calls; call += 1) {
    for (let wait = Infinity; wait > NOTHING; now += wait) {
      while ((busy[0] ?? Infinity) <= now) busy.shift();
      const crowd = busy.length >= most ? (busy[0] as number) - now : 0;
      wait = Math.max(crowd, ...counters.map((counter) => counter.wait(now)));
    }
    for (const counter of counters) counter.count(now);
    busy.push(now + mean);
  }
  return now + mean;
}

/**
 * How slow a history was between two moments: the time that its admissions took, over the time that they would have
 * taken, from the same state of the server on, him who knows it.
 */
export function slowness(world: World, { admitted }: History, from: number, to: number): number {
  const { change } = world;
  const changed = change !== undefined && change.at <= from;
  const start = changed ? change.at : 0;
  const counters = countersOf(changed ? change.limits : world.limits, start);
  const first = admitted.findIndex((at) => at > from);
  for (const at of admitted.slice(0, first)) {
    if (at > start || !changed) for (const counter of counters) counter.count(at);
  }
  let now = from;
  let last = from;
  for (const at of first < 0 ? [] : admitted.slice(first)) {
    last = at;
    for (let wait = Infinity; wait > NOTHING; now += wait) {
      wait = Math.max(...counters.map((counter) => counter.wait(now)));
    }
    for (const counter of counters) counter.count(now);
    if (at > to) break;
  }
  return (Math.max(last, to) - from) / Math.max(1, now - from);
}

/** Sends all calls through the gate, each again until it is served. */
export async function inhabit(
  world: World,
  gate: Gate,
  clock: VirtualClock,
  random: () => number,
): Promise<History> {
  const start = clock.now();
  const until = start + (world.until ?? Infinity);
  let counters = countersOf(world.limits, start);
  const admitted: number[] = [];
  const crowds: number[] = [];
  const refusals: number[] = [];
  const [least, most] = world.latency;
  const latency = (): number => least + random() * (most - least);
  const { backoff } = DEFAULT_POLICY;
  let [faults, served, inService, inFlight] = [0, 0, 0, 0];
  const after = (ms: number, then: () => void): void => void clock.setTimer(then, ms, true);
  if (world.change) {
    const { at, limits } = world.change;
    after(at, () => (counters = countersOf(limits, clock.now())));
  }
  /** When each of its workers is free. */
  const workers = Array.from({ length: world.workers ?? 0 }, () => start);
  const capacityAt = (now: number): number =>
    (typeof world.capacity === 'function' ? world.capacity(now - start) : world.capacity) ?? Infinity;
  const work = (now: number): number => {
    const ms = world.service?.(now - start, random) ?? 0;
    if (workers.length === 0) return ms;
    const first = workers.indexOf(Math.min(...workers));
    const done = Math.max(now, workers[first] as number) + ms;
    workers[first] = done;
    return done - now;
  };
  /** The server's answer: nothing, a wait, or a fault. */
  const judge = (now: number): number | 'fault' | 'served' => {
    if (world.faulty?.(now - start)) return 'fault';
    if (inService >= capacityAt(now)) return world.crowded ? 0 : 'fault';
    const wait = Math.max(0, ...counters.map((counter) => counter.wait(now)));
    if (wait > NOTHING) return wait;
    for (const counter of counters) counter.count(now);
    admitted.push(now - start);
    crowds.push(inFlight);
    return 'served';
  };
  const request = (call: number, resend: boolean): void => {
    const granted: Permit | Place = gate.acquire(ask({ resend }));
    if (granted instanceof Permit) attempt(granted, call);
    else void granted.permit.then((permit) => attempt(permit, call));
  };
  const attempt = (permit: Permit, call: number): void => {
    inFlight += 1;
    after(latency(), () => {
      const answer = judge(clock.now());
      if (answer === 'served') inService += 1;
      const busy = answer === 'served' ? work(clock.now()) : answer === 'fault' ? (world.faultMs ?? 0) : 0;
      after(busy + latency(), () => {
        if (answer === 'served') inService -= 1;
        settle(permit, call, answer);
      });
    });
  };
  const settle = (permit: Permit, call: number, answer: ReturnType<typeof judge>): void => {
    const now = clock.now();
    inFlight -= 1;
    permit.answer(now);
    if (answer === 'served') gate.served(permit.takenAt);
    else if (answer === 'fault') {
      gate.failed({ sentAt: permit.takenAt, call: String(call), route: 'GET /', overload: !world.plain });
    } else if (world.retryAfter === 'silent') {
      gate.throttled(permit.takenAt, undefined, 'backoff', backoff);
    } else {
      const wait = world.retryAfter === 'seconds' ? Math.ceil(answer / 1000) * 1000 : answer;
      gate.throttled(permit.takenAt, wait, 'header', backoff);
    }
    permit.settle(now);
    if (answer === 'served') {
      served += 1;
    } else if (answer === 'fault') {
      faults += 1;
      after(500 + random() * 1000, () => request(call, true));
    } else {
      refusals.push(now - start);
      request(call, true);
    }
  };
  for (let number = 0; number < world.calls; number += 1) {
    if (world.every) after(number * world.every, () => request(number, false));
    else request(number, false);
  }
  await settled();
  for (let turn = 0; served < world.calls && clock.now() < until; turn += 1) {
    if (turn > 200_000 || clock.nextAt() === Infinity)
      throw new Error(
        `stuck: ${served} of ${world.calls} served, ${refusals.length} refused, at ${clock.now() - start} ms, ${JSON.stringify(gate.snapshot())}`,
      );
    clock.advanceSync(clock.nextAt() - clock.now());
    // A permit reaches its call within two turns; `clock.advance` would wait for forty.
    for (let turns = 0; turns < 3; turns += 1) await Promise.resolve();
  }
  return { elapsed: clock.now() - start, refused: refusals.length, faults, admitted, crowds, refusals };
}
