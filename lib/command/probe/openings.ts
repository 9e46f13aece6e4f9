/** A window that a probe found. */
export interface Finding {
  readonly limit: number;
  readonly perMs: number;
  /** Evidence: the server stated it, refusals showed it, or a single refusal suggests it. */
  readonly from: 'stated' | 'refusals' | 'guess';
}

/** A period in which the quota was open. */
interface Opening {
  readonly from: number;
  /** Moment at which it closed. */
  to: number;
  served: number;
}

/** Counts the requests served while a quota was open, if refusals name the moment of reopening. */
export class Openings {
  readonly #all: Opening[];
  /** Moment of reopening that the last refusal named. */
  #until: number | undefined;

  constructor(from: number) {
    this.#all = [{ from, to: Infinity, served: 0 }];
  }

  /** A request that was sent at `sentAt` was served. */
  served(sentAt: number): void {
    if (sentAt > this.#last.to) this.#all.push({ from: this.#until ?? sentAt, to: Infinity, served: 0 });
    // A request sent before the quota closed may be answered afterwards.
    const opening = this.#all.findLast(({ from }) => sentAt >= from) ?? this.#last;
    opening.served += 1;
  }

  /** The quota closed. Returns the number of requests served since it opened; `undefined` if it was already closed. */
  closed(at: number, until: number): number | undefined {
    this.#until = until;
    const last = this.#last;
    if (last.to !== Infinity) return undefined;
    last.to = at;
    return last.served;
  }

  /** Whether a whole window was seen: the first opening may have been only the rest of one. */
  get whole(): boolean {
    return this.#all.length > 1;
  }

  /** The window that the openings show. */
  finding(): Finding | undefined {
    const [first, whole] = this.#all;
    const until = this.#until;
    if (until === undefined) return undefined;
    if (whole !== undefined && whole.to !== Infinity) {
      const perMs = until - whole.from;
      // A rolling window reopens bit by bit; a fixed one may have begun before the first opening.
      const short = this.#all.filter(({ from, to }) => to - from <= perMs);
      const limit = Math.max(whole.served, ...short.map(({ served }) => served));
      return { limit, perMs: usualLength(perMs), from: 'refusals' };
    }
    if (!first || first.served === 0) return undefined;
    return { limit: first.served, perMs: roundedUp(until - first.from, Infinity), from: 'guess' };
  }

  get #last(): Opening {
    return this.#all.at(-1) as Opening;
  }
}

/** Usual lengths of windows: seconds, minutes, hours. */
const LENGTHS = [
  ...[1, 2, 5, 10, 15, 20, 30].map((s) => s * 1000),
  ...[1, 2, 5, 10, 15, 20, 30].map((min) => min * 60_000),
  ...[1, 2, 3, 6, 12, 24].map((h) => h * 3_600_000),
];
/** Fraction by which a learned length, measured at the client, may fall short of the true one. */
const SHORT = 0.15;

/** Rounds a learned length up to a usual one that is at most slightly longer, or else to tenths of a second. */
export function roundedUp(perMs: number, most: number = 1 + SHORT): number {
  const usual = LENGTHS.find((each) => each >= 0.99 * perMs);
  return usual !== undefined && usual <= most * perMs ? usual : Math.ceil(perMs / 100) * 100;
}

/** Error of a time between two reopenings that were named in whole seconds, in ms. */
const NAMED_MS = 1000;

/** The usual length near a measured time, or else the time itself, in whole seconds if it is about 1 s or longer. */
function usualLength(ms: number): number {
  const near = LENGTHS.find((each) => each >= 10_000 && Math.abs(each - ms) <= NAMED_MS + 0.01 * ms);
  return near ?? (ms < 900 ? Math.ceil(ms / 100) * 100 : Math.max(1, Math.round(ms / 1000)) * 1000);
}
