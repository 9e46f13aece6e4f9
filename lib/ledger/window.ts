import type { LedgerError } from '../words/errors.ts';
import type { Window } from '../words/types.ts';
import type { LeaseContext } from './context.ts';
import { Leases } from './leases.ts';
import type { Account, Holder, Lease, Use } from './ledger.ts';
import { WindowCount } from './window-count.ts';

/**
 * One declared window of a quota, as its gate uses it: whole, if nobody else draws on it, so that a permit costs
 * arithmetic alone; else what {@link Leases} holds of it.
 */
export class DeclaredWindow implements Holder {
  readonly limit: number;
  /** What it counts. */
  readonly unit: string;
  readonly count: WindowCount;
  readonly #context: LeaseContext;
  readonly #account: Account;
  #leases: Leases | undefined;
  #closed = false;

  constructor(key: string, { limit, per, transit, of = 'requests' }: Window, context: LeaseContext) {
    this.limit = limit;
    this.unit = of;
    this.count = new WindowCount(per, limit);
    this.count.limitTransit(transit);
    this.#context = context;
    // Joined, for a template would keep each of its parts.
    const name = [key, '|', limit, '/', per];
    if (of !== 'requests') name.push(' ', of);
    const book = { key: name.join(''), limit, per };
    this.#account = context.ledger.open(book, this);
    if (this.#account.shared) this.#share();
  }

  /** What keeps this window from admitting anything. */
  get failure(): LedgerError | undefined {
    return this.#leases?.failure;
  }

  /** Permits in use now. */
  get inUse(): number {
    return this.count.used(this.#context.now());
  }

  uses(): Use[] {
    return this.count.uses(this.#context.now());
  }

  returns(): number[] {
    return this.uses().flatMap(({ permits, freeIn }) => new Array<number>(Math.ceil(permits)).fill(freeIn));
  }

  /** Whether a wait for the ledger's permits may be more than its prompt answer. */
  isLate(now: number): boolean {
    return this.#leases?.isLate(now) ?? false;
  }

  /** Stops using leases that are too old, if some have become so. */
  refresh(now: number): void {
    if (this.#leases?.aged(now)) this.#leases.retire(now);
  }

  /** Whether it keeps this limit, whatever its transit. */
  is({ limit, per, of = 'requests' }: Window): boolean {
    return limit === this.limit && per === this.count.per && of === this.unit;
  }

  /**
   * Share of the limit that latency costs, 0 to 1, as a permit is used from its sending until `per` after it counts:
   *
   *     cost = held / (per + held)        held = latency, no longer than the transit
   */
  latencyCost(latencyMs: number): number {
    const held = Math.max(0, Math.min(latencyMs, this.count.transitMs ?? Infinity));
    return held / (this.count.per + held);
  }

  take(now: number, sentAt: number, weight: number): void {
    this.count.take(sentAt, weight);
    this.#leases?.taken(now, weight);
  }

  /** Attempts are queued that need that much. */
  want(waiting: number): void {
    this.#leases?.want(waiting);
  }

  /** Another gate draws on the window from now on: what was ours without asking is the lease `whole`. */
  joined(whole: Lease): void {
    this.#share(whole);
    if (this.#closed) void this.#leases?.close(false);
    else this.#context.changed();
  }

  lost(lease: Lease): void {
    this.#leases?.lost(lease);
  }

  degraded(share: number): void {
    this.#leases?.degraded(share);
  }

  restored(graceMs: number): void {
    this.#leases?.restored(graceMs);
  }

  /** @param moved what is in use counts elsewhere from now on: no answer to it will be told here */
  async close(moved = false): Promise<void> {
    this.#closed = true;
    if (moved && !this.#leases) this.count.clear();
    await (this.#leases ? this.#leases.close(moved) : this.#account.close());
  }

  #share(whole?: Lease): void {
    this.count.recycle = false;
    this.count.capacity = whole?.size ?? 0;
    this.#leases = new Leases(this.limit, this.count, this.#account, this.#context, whole);
  }
}
