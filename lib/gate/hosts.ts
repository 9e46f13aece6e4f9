/** Maximum difference between resets that count as one: as a fraction of the wait, within bounds in ms. */
const SAME_SHARE = 0.25;
const LEAST_SAME_MS = 100;
const MOST_SAME_MS = 1000;
/** Maximum number of hosts remembered. */
const MANY = 1000;
/** Number of attempts served since the first refusal that show that the host is not closed as a whole. */
const SERVED = 3;
/** Number of quotas refused with the same reset that prove that all quotas of the host are closed. */
const PROOF = 3;
/** Maximum time to keep a quota closed that was not itself refused, without such proof, in ms. */
const MOST_UNPROVEN_MS = 60_000;

/** The refusals of one host that share a reset. */
interface Refusals {
  /** Moment of the first refusal. */
  readonly since: number;
  /** Quotas that were refused, at most {@link PROOF}. */
  readonly quotas: Set<string>;
  untilMs: number;
  /** Number of attempts served that were sent since then. */
  served: number;
}

/**
 * Distinguishes the refusal of one quota from the refusal of a whole host: if a second quota is refused with
 * the same reset, the host is closed. Two quotas may share a reset by chance, so this inference is dropped
 * once attempts sent since then are served, and holds for at most a minute unless a third quota confirms it.
 */
export class Hosts {
  readonly #refusals = new Map<string, Refusals>();

  /** A quota was refused until `untilMs`. Returns the moment until which that closes its host, if it does. */
  refused(host: string, quota: string, now: number, untilMs: number): number | undefined {
    let known = this.#refusals.get(host);
    const most = Math.min(MOST_SAME_MS, Math.max(LEAST_SAME_MS, (untilMs - now) * SAME_SHARE));
    if (!known || known.untilMs <= now || Math.abs(known.untilMs - untilMs) > most) {
      if (this.#refusals.size === MANY) this.#refusals.clear();
      known = { since: now, quotas: new Set(), untilMs, served: 0 };
      this.#refusals.set(host, known);
    }
    if (known.quotas.size < PROOF) known.quotas.add(quota);
    known.untilMs = Math.max(known.untilMs, untilMs);
    return known.quotas.size > 1 && known.served < SERVED ? closedUntil(known) : undefined;
  }

  /** An attempt sent at `sentAt` was served. Returns the moment until which its host is not closed after all. */
  served(host: string, sentAt: number, now: number): number | undefined {
    const known = this.#refusals.get(host);
    if (!known || sentAt < known.since || known.untilMs <= now) return undefined;
    known.served += 1;
    return known.served === SERVED ? closedUntil(known) : undefined;
  }
}

function closedUntil({ since, quotas, untilMs }: Refusals): number {
  return quotas.size < PROOF ? Math.min(untilMs, since + MOST_UNPROVEN_MS) : untilMs;
}
