/** Most that two resets may differ and still be one: of a wait, and in ms. */
const SAME_SHARE = 0.25;
const LEAST_SAME_MS = 100;
const MOST_SAME_MS = 1000;
/** Number of hosts beyond which those whose pause is over are forgotten. */
const MANY = 1000;

/** What was last refused at one host. */
interface Refusal {
  readonly quota: string;
  readonly untilMs: number;
  /** The whole host is closed until then. */
  readonly whole: boolean;
}

/**
 * Tells a refusal of one quota from one of a whole host: when a second quota is refused with the same reset, or the server
 * names the account, what was refused is neither of the two but all of them.
 */
export class Hosts {
  readonly #refusals = new Map<string, Refusal>();

  /** A quota was refused until then. Returns whether this means the whole host. */
  refused(host: string, quota: string, now: number, untilMs: number, account: boolean): boolean {
    const last = this.#refusals.get(host);
    const most = Math.min(MOST_SAME_MS, Math.max(LEAST_SAME_MS, (untilMs - now) * SAME_SHARE));
    const again = last !== undefined && last.untilMs > now && Math.abs(last.untilMs - untilMs) <= most;
    const whole = account || (again && (last.whole || last.quota !== quota));
    this.#refusals.set(host, { quota, untilMs, whole });
    if (this.#refusals.size > MANY) this.#forget(now);
    return whole;
  }

  /** Until when the whole host is closed; `-Infinity` if it is not. */
  closedUntil(host: string): number {
    const last = this.#refusals.get(host);
    return last?.whole ? last.untilMs : -Infinity;
  }

  get empty(): boolean {
    return this.#refusals.size === 0;
  }

  #forget(now: number): void {
    for (const [host, { untilMs }] of this.#refusals) if (untilMs <= now) this.#refusals.delete(host);
  }
}
