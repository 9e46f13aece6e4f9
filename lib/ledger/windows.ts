import type { WindowSnapshot } from '../words/snapshot.ts';
import type { Window } from '../words/types.ts';
import type { LeaseContext } from './context.ts';
import type { WindowClock } from './turnover.ts';
import { COSTLY, DeclaredWindow } from './window.ts';
import type { WindowCount } from './window-count.ts';

/** Weight of the latest response in an average time. */
const LATENCY_WEIGHT = 0.1;

/** Share of a quota that an attempt takes at least: where no limit is declared, all take the same. */
const LEAST_SHARE = 1e-6;

const NONE: readonly DeclaredWindow[] = [];

/** The unit that each attempt costs 1 of, unless its cost says otherwise. */
export const REQUESTS: string = 'requests';

/** What one attempt is charged, by unit; corrected once what it spent is known. */
export type Charge = Map<string, number>;

/** A moving average of times, in ms; negative before the first. Whole: the engine keeps other numbers in a box of 16 B. */
export function averaged(average: number, ms: number): number {
  return Math.round(average < 0 ? ms : average + (ms - average) * LATENCY_WEIGHT);
}

/** A limit, copied to reckon ahead with. */
export interface LimitAhead {
  readonly count: WindowCount;
  /** What an attempt takes of it. */
  weigh(charge: Charge | undefined): number;
  /** An attempt takes it until its end, not until its answer. */
  readonly toEnd: boolean;
}

/** Weight of an attempt in a window of this unit. */
function weightOf(charge: Charge | undefined, window: DeclaredWindow): number {
  if (charge === undefined || window.spaces) return window.unit === REQUESTS ? 1 : 0;
  return charge.get(window.unit) ?? (window.unit === REQUESTS ? 1 : 0);
}

/** How one process begins to keep a window that others use already, too. */
export interface Joining {
  /** Calls `each` for every attempt of this process that was served from `from` on, in order. */
  served(from: number, each: (at: number) => void): void;
  /** Time for all to lease what they have in use, in which nothing else goes, in ms. */
  readonly graceMs: number;
}

/** The declared windows of one quota: an attempt needs room for its weight in each. */
export class Windows {
  readonly #key: string;
  readonly #context: LeaseContext;
  /** The longest first: its permits are the scarcest to lease. */
  #all: readonly DeclaredWindow[] = NONE;
  #unanswered = 0;
  #latencyMs = -1;
  #slownessTold = false;

  constructor(key: string, windows: readonly Window[], context: LeaseContext) {
    this.#key = key;
    this.#context = context;
    this.replace(windows);
  }

  /** Whether one of them counts this unit. */
  counts(unit: string): boolean {
    return this.#all.some((window) => window.unit === unit);
  }

  /** The largest share of a limit that an attempt takes. */
  share(charge?: Charge): number {
    let share = LEAST_SHARE;
    for (const window of this.#all) {
      if (!window.spaces) share = Math.max(share, weightOf(charge, window) / window.limit);
    }
    return share;
  }

  /** Of each window, its unit, its limit, its length in ms, and what is used of it. */
  uses(now: number): { unit: string; limit: number; per: number; used: number }[] {
    return this.#all.flatMap(({ unit, limit, count, spaces }) =>
      spaces ? [] : { unit, limit, per: count.per, used: count.used(now) },
    );
  }

  /** Attempts sent and not answered. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** What keeps the quota from admitting anything at all. */
  get failure(): Error | undefined {
    for (const { failure } of this.#all) if (failure) return failure;
    return undefined;
  }

  /** Other limits from now on; what was used of the old ones counts on. @param joining for windows that are agreed on */
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
        const made = new DeclaredWindow(this.#key, window, this.#context);
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

  /** The response came to the attempt sent at `sentAt`. */
  give(at: number, sentAt: number, charge?: Charge): void {
    this.#unanswered -= 1;
    if (this.#all === NONE) return;
    for (const window of this.#all) {
      if (window.unit === REQUESTS) window.count.give(at, sentAt, weightOf(charge, window));
    }
    this.#latencyMs = averaged(this.#latencyMs, at - sentAt);
  }

  /** It is over: a server may count other units than requests until then. */
  finish(at: number, sentAt: number, charge: Charge): void {
    for (const window of this.#all) {
      if (window.unit !== REQUESTS) window.count.give(at, sentAt, weightOf(charge, window));
    }
  }

  /**
   * An attempt spent that much more of a unit than it was charged, or less. `countedAt` is the moment from which it counts;
   * absent while it is in flight.
   */
  correct(unit: string, by: number, now: number, countedAt?: number): void {
    for (const { unit: counted, count } of this.#all) {
      // By transit, what counted is not known to the attempt.
      if (counted !== unit || count.transitMs !== undefined) continue;
      if (countedAt === undefined) count.reweigh(by);
      else count.amend(by, countedAt, now);
    }
  }

  /** It was never sent. */
  refund(at: number, sentAt: number, charge?: Charge): void {
    this.#unanswered -= 1;
    for (const window of this.#all) window.count.refund(at, sentAt, weightOf(charge, window));
  }

  /** What to tell, once, where latency costs more than a quarter of a window. Asked while attempts wait. */
  slowness(): string | undefined {
    const slowed = this.#slownessTold ? undefined : this.#slowed;
    if (!slowed) return undefined;
    this.#slownessTold = true;
    const { limit, count } = slowed;
    const cost = Math.round(100 * slowed.latencyCost(this.#latencyMs));
    return (
      `Answers take ${Math.round(this.#latencyMs)} ms, which costs ${cost} % of the limit of ${limit} per ${Math.round(count.per)} ms: an attempt ` +
      "counts until `per` after its response. If requests reach the server sooner, say how soon by the window's `transit`"
    );
  }

  /** Time from sending to the response, in ms: a moving average; negative before the first. */
  get latencyMs(): number {
    return this.#latencyMs;
  }

  /** `waiting` attempts are queued, each charged about as much as this. */
  want(waiting: number, charge?: Charge): void {
    for (const window of this.#all) window.want(Math.min(window.limit, waiting * weightOf(charge, window)));
  }

  /** The earliest moment at which each has room; `Infinity` when only an event can tell. */
  turnAt(now: number, charge?: Charge): number {
    let turn = now;
    for (const window of this.#all) {
      window.refresh(now);
      turn = Math.max(turn, window.count.turnAt(weightOf(charge, window), now));
    }
    return turn;
  }

  /** The earliest moment at which the last of `count` attempts can go, if each is charged alike: a lower bound. */
  freeAt(count: number, now: number, charge?: Charge): number {
    let at = now;
    for (const window of this.#all) {
      // What those before it are charged is not known here, so they may cost nothing of other units.
      const weight =
        weightOf(charge, window) *
        (window.spaces || (window.unit === REQUESTS && !charge?.has(REQUESTS)) ? count : 1);
      // However much others have now, it may all be ours by then.
      if (weight > 0) at = Math.max(at, window.count.freeAt(weight, now, window.limit));
    }
    return at;
  }

  /** Copies of them to reckon ahead with: however much others have now, all of it may be ours by then. */
  ahead(clock: WindowClock): LimitAhead[] {
    return this.#all.map((window) => ({
      count: window.count.ahead(window.limit, clock),
      weigh: (charge) => weightOf(charge, window),
      toEnd: window.unit !== REQUESTS,
    }));
  }

  /** Whether a wait for the ledger's permits may be more than its prompt answer. */
  isLate(now: number): boolean {
    return this.#all.some((window) => window.isLate(now));
  }

  idle(now: number): boolean {
    return this.#all.every(({ count }) => count.used(now) === 0);
  }

  /** Of those that were declared, or of those agreed on. */
  snapshot(now: number, agreed = false): WindowSnapshot[] {
    return this.#all
      .filter((window) => (window.agreed !== undefined) === agreed)
      .map((window) => window.snapshot(now, this.#latencyMs));
  }

  /** The window agreed on that has no room now, by its number. */
  full(now: number): number | undefined {
    return this.#all.find(({ agreed, count }) => agreed !== undefined && count.free(now) < 1)?.agreed;
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((window) => window.close()));
  }

  /** The window that loses most to latency, if that is more than a quarter of its limit and no transit is declared. */
  get #slowed(): DeclaredWindow | undefined {
    let worst: DeclaredWindow | undefined;
    let most = COSTLY;
    for (const window of this.#all) {
      const counted = window.count.transitMs === undefined && window.agreed === undefined;
      const cost = counted ? window.latencyCost(this.#latencyMs) : 0;
      if (cost > most) [worst, most] = [window, cost];
    }
    return worst;
  }
}
