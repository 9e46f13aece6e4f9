import { calendarOf } from '../time/calendar.ts';
import { CLOCK_GRAIN_MS } from '../time/clock.ts';
import type { LedgerError } from '../words/errors.ts';
import type { WindowSnapshot } from '../words/snapshot.ts';
import type { Window } from '../words/types.ts';
import type { LeaseContext } from './context.ts';
import { Leases } from './leases.ts';
import type { Account, Holder, Lease, Use } from './ledger.ts';
import { replenishmentOf } from './replenishment.ts';
import { ROUNDING } from './ring.ts';
import { WindowCount } from './window-count.ts';

/** Fraction of a window's limit that latency may cost without being reported. */
export const COSTLY = 0.25;

/** Fraction by which a learned length may be too short unnoticed, owing to the way to the server. */
const MARGIN = 0.0025;

/** Length to enforce, in ms. */
function lengthOf({ per, agreed }: Window): number {
  return agreed === undefined ? per : per * (1 + MARGIN);
}

/**
 * One declared window of a quota, as used by its gate: whole if nobody else uses it, so that a permit costs only arithmetic;
 * otherwise the part that {@link Leases} holds.
 */
export class EnforcedWindow implements Holder {
  readonly count: WindowCount;
  #window: Window;
  readonly #context: LeaseContext;
  readonly #account: Account;
  #leases: Leases | undefined;
  #closed = false;

  constructor(key: string, window: Window, context: LeaseContext) {
    const { limit, per, transit, of = 'requests', kind, zone, agreed } = window;
    this.#window = window;
    // Spacing counts from sending, and needs no grain: that is for server-side counts.
    this.count = this.spaces
      ? new WindowCount(Math.max(0, per - CLOCK_GRAIN_MS), limit)
      : new WindowCount(lengthOf(window), limit, replenishmentOf(window, context));
    this.limitTransit(transit);
    this.#context = context;
    // Joined: a template string would keep a reference to each of its parts.
    const name = agreed === undefined ? [key, '|', limit, '/', per] : [key, '|agreed ', agreed];
    if (of !== 'requests') name.push(' ', of);
    if (kind !== undefined) name.push(' ', kind);
    if (zone !== undefined) name.push(' ', zone);
    const book = { key: name.join(''), limit, per };
    this.#account = context.ledger.open(book, this);
    if (this.#account.shared) this.#share();
  }

  get limit(): number {
    return this.#window.limit;
  }

  /** The unit it counts. */
  get unit(): string {
    return this.#window.of ?? 'requests';
  }

  /** Id of a window that the fleet agreed on. */
  get agreed(): number | undefined {
    return this.#window.agreed;
  }

  /** Updates the variable settings of a window that {@link is} the same. */
  revise(window: Window): void {
    this.limitTransit(window.transit);
    if (this.agreed === undefined || this.#closed) return;
    const { limit } = window;
    this.#window = window;
    this.count.per = lengthOf(window);
    this.#account.relimit?.(limit);
    if (this.#leases) this.#leases.relimit(limit, this.#context.now());
    else this.count.hold(limit, this.#context.now());
  }

  /** Sets the maximum time to reach the server. */
  limitTransit(ms: number | undefined): void {
    this.count.limitTransit(this.spaces ? 0 : ms);
  }

  /** Whether it spaces attempts, whatever they cost. */
  get spaces(): boolean {
    return this.#window.kind === 'spacing';
  }

  /** Reason why this window admits nothing. */
  get failure(): LedgerError | undefined {
    return this.#leases?.failure;
  }

  /** Number of permits in use now. */
  get inUse(): number {
    return this.count.used(this.#context.now());
  }

  uses(): Use[] {
    return this.count.uses(this.#context.now());
  }

  returns(): number[] {
    return this.uses().flatMap(({ permits, freeIn }) => new Array<number>(Math.ceil(permits)).fill(freeIn));
  }

  /** Whether a wait for permits may exceed the ledger's usual response time. */
  isLate(now: number): boolean {
    return this.#leases?.isLate(now) ?? false;
  }

  /** Stops using leases that have become too old. */
  refresh(now: number): void {
    if (this.#leases?.aged(now)) this.#leases.retire(now);
  }

  /** Whether it is this window, apart from the transit. */
  is({ limit, per, of = 'requests', kind, zone, agreed }: Window): boolean {
    const mine = this.#window;
    if (agreed !== undefined || mine.agreed !== undefined) return agreed === mine.agreed;
    const same = limit === mine.limit && per === mine.per && of === this.unit;
    return same && kind === mine.kind && zone === mine.zone;
  }

  /**
   * Fraction of the limit that latency costs, 0 to 1, as a permit is in use from sending until `per` after it counts:
   *
   *     cost = held / (per + held)        held = latency, no longer than the transit
   *
   * A bucket refills while attempts are in flight, so it loses only what overflows: 1 − per / held.
   */
  latencyCost(latencyMs: number): number {
    const held = Math.max(0, Math.min(latencyMs, this.count.transitMs ?? Infinity));
    const { per, kind } = this.#window;
    return kind === 'bucket' ? Math.max(0, 1 - per / held) : held / (per + held);
  }

  snapshot(now: number, latencyMs: number): WindowSnapshot {
    const { limit, per, kind, of, zone = 'UTC' } = this.#window;
    const used = this.count.used(now);
    const transit = this.spaces ? undefined : this.count.transitMs;
    const cost = this.latencyCost(latencyMs);
    const calendar = kind === 'day' || kind === 'month';
    return {
      limit,
      per,
      // A partly refilled request is not available yet.
      used: kind === 'bucket' && of === undefined ? Math.ceil(used - ROUNDING) : used,
      ...(of !== undefined && of !== 'requests' && { unit: of }),
      ...(kind !== undefined && { kind }),
      ...(calendar && { zone, resetsAt: calendarOf(kind, zone).at(this.#context.wall()).end }),
      ...(transit !== undefined && { transit }),
      ...(cost > COSTLY && !this.spaces && { latencyCost: cost }),
    };
  }

  take(now: number, sentAt: number, weight: number): void {
    this.count.take(sentAt, weight);
    this.#leases?.taken(now, weight);
  }

  /** Queued attempts need `waiting` permits. */
  want(waiting: number): void {
    this.#leases?.want(waiting);
  }

  /** Another gate uses the window from now on: what was held without asking becomes the lease `whole`. */
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

  /** @param moved whether what is in use counts elsewhere from now on: its responses will not be reported here */
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
