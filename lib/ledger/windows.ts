import type { Window } from '../words/types.ts';
import type { LeaseContext } from './context.ts';
import { DeclaredWindow } from './window.ts';

const NONE: readonly DeclaredWindow[] = [];

/** The declared windows of one quota: a permit needs one of each. */
export class Windows {
  readonly #key: string;
  readonly #context: LeaseContext;
  /** The longest first: its permits are the scarcest to lease. */
  #all: readonly DeclaredWindow[] = NONE;
  #unanswered = 0;

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
        const kept = old.find(({ limit, count }) => limit === window.limit && count.per === window.per);
        if (kept) return kept;
        const made = new DeclaredWindow(this.#key, window, this.#context);
        if (old[0]) made.count.adopt(old[0].count);
        else made.count.presetInFlight(this.#unanswered);
        return made;
      });
    for (const each of old) if (!this.#all.includes(each)) void each.close(true);
  }

  take(now: number): void {
    this.#unanswered += 1;
    for (const window of this.#all) window.take(now);
  }

  /** A permit's response came. */
  give(at: number): void {
    this.#unanswered -= 1;
    for (const { count } of this.#all) count.give(at);
  }

  /** A permit was not used. */
  refund(): void {
    this.#unanswered -= 1;
    for (const { count } of this.#all) count.refund();
  }

  /** So many attempts wait. */
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

  /** The earliest moment at which there can be so many: a lower bound. */
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

  snapshot(now: number): { readonly limit: number; readonly per: number; readonly used: number }[] {
    return this.#all.map(({ limit, count }) => ({ limit, per: count.per, used: count.used(now) }));
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((window) => window.close()));
  }
}
