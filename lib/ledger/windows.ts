import type { WindowSnapshot } from '../words/snapshot.ts';
import type { Window } from '../words/types.ts';
import type { LeaseContext } from './context.ts';
import type { WindowClock } from './replenishment.ts';
import { COSTLY, EnforcedWindow } from './window.ts';
import type { WindowCount } from './window-count.ts';

/** Weight of the latest response in the average latency. */
const LATENCY_WEIGHT = 0.1;

/** Minimum share of a quota that an attempt takes: if no limit is declared, all take the same. */
const LEAST_SHARE = 1e-6;

const NONE: readonly EnforcedWindow[] = [];

/** The unit of which each attempt costs 1, unless its cost says otherwise. */
export const REQUESTS: string = 'requests';

/** Amounts charged to one attempt, by unit; corrected once its actual usage is known. */
export type Charge = Map<string, number>;

/** A moving average of times, in ms; negative before the first. Rounded: the engine boxes fractional numbers, at 16 B each. */
export function averaged(average: number, ms: number): number {
  return Math.round(average < 0 ? ms : average + (ms - average) * LATENCY_WEIGHT);
}

/** A copy of a limit for simulating ahead. */
export interface LimitAhead {
  readonly count: WindowCount;
  /** Weight of an attempt. */
  weigh(charge: Charge | undefined): number;
  /** Whether an attempt takes it until its end rather than until its response. */
  readonly toEnd: boolean;
}

/** Weight of an attempt in a window of this unit. */
function weightOf(charge: Charge | undefined, window: EnforcedWindow): number {
  if (charge === undefined || window.spaces) return window.unit === REQUESTS ? 1 : 0;
  return charge.get(window.unit) ?? (window.unit === REQUESTS ? 1 : 0);
}

/** How a process starts enforcing a window that others already use. */
export interface Joining {
  /** Calls `each` for every served attempt of this process that was sent at `from` or later, in order. */
  served(from: number, each: (at: number) => void): void;
  /** Time for all processes to lease what they are using, in ms; nothing more is leased meanwhile. */
  readonly graceMs: number;
}

/** The declared windows of one quota: an attempt needs room for its weight in each. */
export class Windows {
  readonly #key: string;
  readonly #context: LeaseContext;
  /** The longest first: its permits are the scarcest to lease. */
  #all: readonly EnforcedWindow[] = NONE;
  #unanswered = 0;
  #latencyMs = -1;
  #slownessTold = false;

  constructor(key: string, windows: readonly Window[], context: LeaseContext) {
    this.#key = key;
    this.#context = context;
    this.replace(windows);
  }

  /** Whether a window counts this unit. */
  counts(unit: string): boolean {
    return this.#all.some((window) => window.unit === unit);
  }

  /** Largest share of any limit that an attempt takes. */
  share(charge?: Charge): number {
    let share = LEAST_SHARE;
    for (const window of this.#all) {
      if (!window.spaces) share = Math.max(share, weightOf(charge, window) / window.limit);
    }
    return share;
  }

  /** Unit, limit, length in ms and usage of each window. */
  uses(now: number): { unit: string; limit: number; per: number; used: number }[] {
    return this.#all.flatMap(({ unit, limit, count, spaces }) =>
      spaces ? [] : { unit, limit, per: count.per, used: count.used(now) },
    );
  }

  /** Number of attempts sent and not answered. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** Reason why the quota admits nothing. */
  get failure(): Error | undefined {
    for (const { failure } of this.#all) if (failure) return failure;
    return undefined;
  }

  /** Replaces the limits; usage of the old ones carries over. @param joining for agreed windows */
  replace(windows: readonly Window[], joining?: Joining): void {
    if (windows.length === 0 && this.#all === NONE) return;
    const old = this.#all;
    this.#all = [...windows]
      .sort((a, b) => b.per - a.per)
      .map((window) => {
        const kept = old.find((each) => each.is(window));
        if (kept) {
          kept.revise(window);
          return kept;
        }
        const made = new EnforcedWindow(this.#key, window, this.#context);
        if (window.agreed !== undefined) {
          made.count.presetInFlight(this.#unanswered);
          joining?.served(this.#context.now() - window.per, (at) => made.count.preset(at));
          if (joining && joining.graceMs > 0) made.restored(joining.graceMs);
          return made;
        }
        const alike = old.find(({ unit, spaces }) => unit === made.unit && spaces === made.spaces);
        if (alike) made.count.adopt(alike.count, this.#unanswered, this.#context.now());
        else if (made.unit === REQUESTS && !made.spaces) made.count.presetInFlight(this.#unanswered);
        return made;
      });
    for (const each of old) if (!this.#all.includes(each)) void each.close(true);
  }

  take(now: number, sentAt: number = now, charge?: Charge): void {
    this.#unanswered += 1;
    for (const window of this.#all) window.take(now, sentAt, weightOf(charge, window));
  }

  /** The attempt sent at `sentAt` was answered. */
  give(at: number, sentAt: number, charge?: Charge): void {
    this.#unanswered -= 1;
    if (this.#all === NONE) return;
    for (const window of this.#all) {
      if (window.unit === REQUESTS) window.count.give(at, sentAt, weightOf(charge, window));
    }
    this.#latencyMs = averaged(this.#latencyMs, at - sentAt);
  }

  /** An attempt ended: until then, a server may count units other than requests. */
  finish(at: number, sentAt: number, charge: Charge): void {
    for (const window of this.#all) {
      if (window.unit !== REQUESTS) window.count.give(at, sentAt, weightOf(charge, window));
    }
  }

  /**
   * Corrects by `by` what an attempt was charged of a unit. `countedAt` is the moment from which it counts; absent while it is in
   * flight.
   */
  correct(unit: string, by: number, now: number, countedAt?: number): void {
    for (const { unit: counted, count } of this.#all) {
      // With a transit, the attempt does not know when it was counted.
      if (counted !== unit || count.transitMs !== undefined) continue;
      if (countedAt === undefined) count.reweigh(by);
      else count.amend(by, countedAt, now);
    }
  }

  /** An attempt was never sent. */
  refund(at: number, sentAt: number, charge?: Charge): void {
    this.#unanswered -= 1;
    for (const window of this.#all) window.count.refund(at, sentAt, weightOf(charge, window));
  }

  /** Warning, given once, if latency costs more than a quarter of a window. Called while attempts wait. */
  slowness(): string | undefined {
    const slowed = this.#slownessTold ? undefined : this.#slowed;
    if (!slowed) return undefined;
    this.#slownessTold = true;
    const { limit, count } = slowed;
    const cost = Math.round(100 * slowed.latencyCost(this.#latencyMs));
    return (
      `Responses take ${Math.round(this.#latencyMs)} ms, which costs ${cost} % of the limit of ${limit} per ${Math.round(count.per)} ms: an attempt ` +
      "counts until `per` after its response. If requests reach the server sooner, set the window's `transit` to the maximum time they take"
    );
  }

  /** Time from sending to response, in ms: a moving average; negative before the first. */
  get latencyMs(): number {
    return this.#latencyMs;
  }

  /** `waiting` attempts are queued, each with about this charge. */
  want(waiting: number, charge?: Charge): void {
    for (const window of this.#all) window.want(Math.min(window.limit, waiting * weightOf(charge, window)));
  }

  /** Earliest moment at which every window has room; `Infinity` if that depends on an event. */
  turnAt(now: number, charge?: Charge): number {
    let turn = now;
    for (const window of this.#all) {
      window.refresh(now);
      turn = Math.max(turn, window.count.turnAt(weightOf(charge, window), now));
    }
    return turn;
  }

  /** Earliest moment at which the last of `count` attempts, all with this charge, can go: a lower bound. */
  freeAt(count: number, now: number, charge?: Charge): number {
    let at = now;
    for (const window of this.#all) {
      // The charges of the others are unknown here, so they may cost nothing of other units.
      const weight =
        weightOf(charge, window) *
        (window.spaces || (window.unit === REQUESTS && !charge?.has(REQUESTS)) ? count : 1);
      // Even if others hold part of the limit now, all of it may be ours by then.
      if (weight > 0) at = Math.max(at, window.count.freeAt(weight, now, window.limit));
    }
    return at;
  }

  /** Copies for simulating ahead, with the whole limit each: what others hold now may be ours by then. */
  ahead(clock: WindowClock): LimitAhead[] {
    return this.#all.map((window) => ({
      count: window.count.ahead(window.limit, clock),
      weigh: (charge) => weightOf(charge, window),
      toEnd: window.unit !== REQUESTS,
    }));
  }

  /** Whether a wait for permits may exceed the ledger's usual response time. */
  isLate(now: number): boolean {
    return this.#all.some((window) => window.isLate(now));
  }

  idle(now: number): boolean {
    return this.#all.every(({ count }) => count.used(now) === 0);
  }

  /** Snapshot of the declared windows, or of the agreed ones. */
  snapshot(now: number, agreed = false): WindowSnapshot[] {
    return this.#all
      .filter((window) => (window.agreed !== undefined) === agreed)
      .map((window) => window.snapshot(now, this.#latencyMs));
  }

  /** Id of the agreed window that has no room now. */
  full(now: number): number | undefined {
    return this.#all.find(({ agreed, count }) => agreed !== undefined && count.free(now) < 1)?.agreed;
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((window) => window.close()));
  }

  /** Window that loses most to latency, if it loses more than a quarter of its limit and declares no transit. */
  get #slowed(): EnforcedWindow | undefined {
    let worst: EnforcedWindow | undefined;
    let most = COSTLY;
    for (const window of this.#all) {
      const counted = window.count.transitMs === undefined && window.agreed === undefined;
      const cost = counted ? window.latencyCost(this.#latencyMs) : 0;
      if (cost > most) [worst, most] = [window, cost];
    }
    return worst;
  }
}
