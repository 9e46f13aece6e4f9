import type { WindowSnapshot } from '../words/snapshot.ts';
import type { Window } from '../words/types.ts';
import type { LeaseContext } from './context.ts';
import { DeclaredWindow } from './window.ts';

/** Weight of the latest response in the average latency. */
const LATENCY_WEIGHT = 0.1;
/** Share of a window's limit that latency may cost before it is told. */
const COSTLY = 0.25;

const NONE: readonly DeclaredWindow[] = [];

/** The declared windows of one quota: a permit needs one of each. */
export class Windows {
  readonly #key: string;
  readonly #context: LeaseContext;
  /** The longest first: its permits are the scarcest to lease. */
  #all: readonly DeclaredWindow[] = NONE;
  #unanswered = 0;
  #latencyMs = -1;

  constructor(key: string, windows: readonly Window[], context: LeaseContext) {
    this.#key = key;
    this.#context = context;
    this.replace(windows);
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

  /** Other limits from now on; what was used of the old ones counts on. */
  replace(windows: readonly Window[]): void {
    if (windows.length === 0 && this.#all === NONE) return;
    const old = this.#all;
    this.#all = [...windows]
      .sort((a, b) => b.per - a.per)
      .map((window) => {
        const kept = old.find((each) => each.is(window));
        if (kept) {
          kept.count.limitTransit(window.transit);
          return kept;
        }
        const made = new DeclaredWindow(this.#key, window, this.#context);
        if (old[0]) made.count.adopt(old[0].count, this.#unanswered);
        else made.count.presetInFlight(this.#unanswered);
        return made;
      });
    for (const each of old) if (!this.#all.includes(each)) void each.close(true);
  }

  take(now: number, sentAt: number = now): void {
    this.#unanswered += 1;
    for (const window of this.#all) window.take(now, sentAt);
  }

  /** The response came to the attempt sent at `sentAt`. */
  give(at: number, sentAt: number): void {
    this.#unanswered -= 1;
    if (this.#all === NONE) return;
    for (const window of this.#all) window.count.give(at, sentAt);
    const weight = this.#latencyMs < 0 ? 1 : LATENCY_WEIGHT;
    // Whole ms: the engine keeps other numbers in a box of 16 B.
    this.#latencyMs = Math.round(this.#latencyMs + (at - sentAt - this.#latencyMs) * weight);
  }

  /** It was never sent. */
  refund(at: number, sentAt: number): void {
    this.#unanswered -= 1;
    for (const { count } of this.#all) count.refund(at, sentAt);
  }

  /** The window that loses most to latency, if that is more than a quarter of its limit and no transit is declared. */
  get slowed(): DeclaredWindow | undefined {
    let worst: DeclaredWindow | undefined;
    let most = COSTLY;
    for (const window of this.#all) {
      const cost = window.count.transitMs === undefined ? window.latencyCost(this.#latencyMs) : 0;
      if (cost > most) [worst, most] = [window, cost];
    }
    return worst;
  }

  /** Time from sending to the response, in ms: a moving average; negative before the first. */
  get latencyMs(): number {
    return this.#latencyMs;
  }

  /** `waiting` attempts are queued. */
  want(waiting: number): void {
    for (const window of this.#all) window.want(waiting);
  }

  /** The earliest moment at which there is a permit of each; `Infinity` when only an event can tell. */
  turnAt(now: number): number {
    let turn = now;
    for (const window of this.#all) {
      const { count } = window;
      window.refresh(now);
      if (count.free(now) < 1) turn = Math.max(turn, count.recycle ? count.nextExpiry(now) : Infinity);
    }
    return turn;
  }

  /** The earliest moment at which that many permits can be free: a lower bound. */
  freeAt(permits: number, now: number): number {
    let at = now;
    // However much others have now, it may all be ours by then.
    for (const { count, limit } of this.#all) at = Math.max(at, count.freeAt(permits, now, limit));
    return at;
  }

  /** Whether a wait for the ledger's permits may be more than its prompt answer. */
  isLate(now: number): boolean {
    return this.#all.some((window) => window.isLate(now));
  }

  idle(now: number): boolean {
    return this.#all.every(({ count }) => count.used(now) === 0);
  }

  snapshot(now: number): WindowSnapshot[] {
    return this.#all.map((window) => {
      const { limit, count } = window;
      const transit = count.transitMs;
      const cost = window.latencyCost(this.#latencyMs);
      return {
        limit,
        per: count.per,
        used: count.used(now),
        ...(transit !== undefined && { transit }),
        ...(cost > COSTLY && { latencyCost: cost }),
      };
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((window) => window.close()));
  }
}
