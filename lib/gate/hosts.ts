/** Maximum difference between resets that count as one: as a fraction of the wait, within bounds in ms. */
const SAME_SHARE = 0.25;
const LEAST_SAME_MS = 100;
const MOST_SAME_MS = 1000;
/** Number of hosts above which those whose pause is over are forgotten. */
const MANY = 1000;
/** Number of attempts served since the first refusal that show that the host is not closed as a whole. */
const SERVED = 3;
/** Number of quotas refused with the same reset that prove that all quotas of the host are closed. */
const PROOF = 3;
/** Maximum time to keep a quota closed that was not itself refused, without such proof, in ms. */
const MOST_UNPROVEN_MS = 60_000;

/** What a refusal names: the account, or a wait alone. */
export type Naming = 'account' | 'wait';

/** A quota that is closed because others of its host were refused. */
export interface Suspended {
  lift(untilMs: number): void;
}

/** The refusals of one host that share a reset. */
export class HostRefusals {
  /** Moment of the first refusal. */
  readonly since: number;
  /** Quotas that were refused, at most {@link PROOF}. */
  readonly quotas: Set<string> = new Set<string>();
  untilMs: number;
  /** The server named the account. */
  isNamed = false;
  /** The whole host is closed. */
  isWhole = false;
  /** Number of attempts served that were sent since then. */
  served = 0;
  /** Quotas that are closed although they were not refused, and until when. */
  readonly suspended: Map<Suspended, number> = new Map<Suspended, number>();

  constructor(now: number, untilMs: number) {
    this.since = now;
    this.untilMs = untilMs;
  }

  /** Whether a refusal until `untilMs` belongs with these. */
  share(now: number, untilMs: number, naming: Naming): boolean {
    if (this.untilMs <= now) return false;
    const most = Math.min(MOST_SAME_MS, Math.max(LEAST_SAME_MS, (untilMs - now) * SAME_SHARE));
    return naming !== 'wait' || Math.abs(this.untilMs - untilMs) <= most;
  }

  add(quota: string, untilMs: number, naming: Naming): void {
    if (this.quotas.size < PROOF) this.quotas.add(quota);
    this.untilMs = Math.max(this.untilMs, untilMs);
    this.isNamed ||= naming === 'account';
    this.isWhole ||= this.isNamed || (this.quotas.size > 1 && this.served < SERVED);
  }

  /** Moment until which quotas that were not refused themselves stay closed. */
  get closedUntil(): number {
    const isProven = this.isNamed || this.quotas.size >= PROOF;
    return isProven ? this.untilMs : Math.min(this.untilMs, this.since + MOST_UNPROVEN_MS);
  }

  /** An attempt sent since then was served: after several of these, quotas closed by inference reopen. */
  refute(): void {
    this.served += 1;
    if (this.isNamed || this.served < SERVED) return;
    this.isWhole = false;
    for (const [suspended, untilMs] of this.suspended) suspended.lift(untilMs);
    this.suspended.clear();
  }
}

/**
 * Distinguishes the refusal of one quota from the refusal of a whole host. If a second quota is refused with
 * the same reset, or the server names the account, all quotas of the host close. Two quotas may share a reset
 * by chance, so this inference is dropped once attempts sent since then are served, and holds for at most a
 * minute unless a third quota confirms it.
 */
export class Hosts {
  readonly #refusals = new Map<string, HostRefusals>();

  /** A quota was refused until `untilMs`. Returns the refusals of its host if they close the whole host. */
  refused(
    host: string,
    quota: string,
    now: number,
    untilMs: number,
    naming: Naming,
  ): HostRefusals | undefined {
    let known = this.#refusals.get(host);
    if (!known?.share(now, untilMs, naming)) {
      known = new HostRefusals(now, untilMs);
      this.#refusals.set(host, known);
      if (this.#refusals.size > MANY) this.#forget(now);
    }
    known.add(quota, untilMs, naming);
    return known.isWhole ? known : undefined;
  }

  /** An attempt sent at `sentAt` was served. */
  served(host: string, sentAt: number, now: number): void {
    const known = this.#refusals.get(host);
    if (known && sentAt >= known.since && known.untilMs > now) known.refute();
  }

  /** The refusals that close the whole host. */
  whole(host: string): HostRefusals | undefined {
    const known = this.#refusals.get(host);
    return known?.isWhole ? known : undefined;
  }

  get empty(): boolean {
    return this.#refusals.size === 0;
  }

  #forget(now: number): void {
    for (const [host, { untilMs }] of this.#refusals) if (untilMs <= now) this.#refusals.delete(host);
  }
}
