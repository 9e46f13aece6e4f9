/** Most that two resets may differ and still be one: of a wait, and in ms. */
const SAME_SHARE = 0.25;
const LEAST_SAME_MS = 100;
const MOST_SAME_MS = 1000;
/** Number of hosts beyond which those whose pause is over are forgotten. */
const MANY = 1000;
/** Number of attempts served since the first refusal that show that others are not refused. */
const SERVED = 3;
/** Number of quotas refused with one reset that prove that all are. */
const PROOF = 3;
/** Longest that quotas are closed which were not refused themselves, without such a proof, in ms. */
const MOST_UNPROVEN_MS = 60_000;

/** What a refusal names: the account, or a wait alone. */
export type Naming = 'account' | 'wait';

/** A quota that is closed because others of its host were refused. */
export interface Suspended {
  lift(untilMs: number): void;
}

/** The refusals of one host that share a reset. */
export class Refusals {
  /** Moment of the first. */
  readonly since: number;
  /** Quotas that were refused, at most {@link PROOF}. */
  readonly quotas: Set<string> = new Set<string>();
  untilMs: number;
  /** The server named the account. */
  isNamed = false;
  /** The whole host is closed. */
  isWhole = false;
  /** Attempts served that were sent since. */
  served = 0;
  /** What is closed though it was not refused, and until when. */
  readonly suspended: Map<Suspended, number> = new Map<Suspended, number>();

  constructor(now: number, untilMs: number) {
    this.since = now;
    this.untilMs = untilMs;
  }

  /** Whether a refusal until then is one more of them. */
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

  /** Until when those are closed that were not refused themselves. */
  get closedUntil(): number {
    const isProven = this.isNamed || this.quotas.size >= PROOF;
    return isProven ? this.untilMs : Math.min(this.untilMs, this.since + MOST_UNPROVEN_MS);
  }

  /** An attempt that was sent since was served: what is closed by inference reopens, if that happens often. */
  refute(): void {
    this.served += 1;
    if (this.isNamed || this.served < SERVED) return;
    this.isWhole = false;
    for (const [suspended, untilMs] of this.suspended) suspended.lift(untilMs);
    this.suspended.clear();
  }
}

/**
 * Tells a refusal of one quota from one of a whole host: when a second quota is refused with the same reset, or the server
 * names the account, what was refused is neither of the two but all of them. Two quotas may have one reset by chance, so
 * what is inferred is given up once attempts that were sent since are served, and holds for a minute at most until a third
 * quota proves it.
 */
export class Hosts {
  readonly #refusals = new Map<string, Refusals>();

  /** A quota was refused until then. Returns what is known of its host if the whole of it is closed. */
  refused(host: string, quota: string, now: number, untilMs: number, naming: Naming): Refusals | undefined {
    let known = this.#refusals.get(host);
    if (!known?.share(now, untilMs, naming)) {
      known = new Refusals(now, untilMs);
      this.#refusals.set(host, known);
      if (this.#refusals.size > MANY) this.#forget(now);
    }
    known.add(quota, untilMs, naming);
    return known.isWhole ? known : undefined;
  }

  /** An attempt was served that was sent at `sentAt`. */
  served(host: string, sentAt: number, now: number): void {
    const known = this.#refusals.get(host);
    if (known && sentAt >= known.since && known.untilMs > now) known.refute();
  }

  /** The refusals that close the whole host. */
  whole(host: string): Refusals | undefined {
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
