import { SentLog } from './sent-log.ts';

/** Maximum number of moments told at once; beyond it, neighbours are merged. */
const MOST_TOLD = 1000;

/** Served attempts of this process alone when others share the quota, and those not yet told to the others. */
export class OwnLog {
  readonly #served = new SentLog();
  /** Moments, and number of attempts served at each. */
  #untold: [at: number, count: number][] = [];

  push(at: number): void {
    this.#served.push(at);
    this.#untold.push([at, 1]);
    if (this.#untold.length > 2 * MOST_TOLD) this.#untold = halved(this.#untold);
  }

  /** Attempts served since the last call: alternately the time in ms ago and their number. */
  tell(now: number): number[] {
    const untold = this.#untold.length > MOST_TOLD ? halved(this.#untold) : this.#untold;
    this.#untold = [];
    return untold.flatMap(([at, count]) => [Math.round(10 * (now - at)) / 10, count]);
  }

  /** Calls `each` for every attempt sent at `from` or later, in order. */
  replay(from: number, each: (at: number) => void): void {
    this.#served.replay(from, each);
  }
}

/** Merges each pair of neighbours, at the later moment. */
function halved(all: readonly [at: number, count: number][]): [at: number, count: number][] {
  return all.flatMap(([at, count], index) => {
    if (index % 2 === 0) return index + 1 < all.length ? [] : [[at, count] as [number, number]];
    return [[at, count + (all[index - 1]?.[1] ?? 0)] as [number, number]];
  });
}
