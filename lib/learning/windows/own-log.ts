import { SentLog } from './sent-log.ts';

/** Number of moments told at once, at most; beyond it, neighbours are told as one. */
const MOST_TOLD = 1000;

/** Served attempts of this process alone, where others draw on the quota too, and which of them the others do not know yet. */
export class OwnLog {
  readonly #served = new SentLog();
  /** Moments and how many were served at each. */
  #untold: [at: number, count: number][] = [];

  push(at: number): void {
    this.#served.push(at);
    this.#untold.push([at, 1]);
    if (this.#untold.length > 2 * MOST_TOLD) this.#untold = halved(this.#untold);
  }

  /** What was not told before: ms ago, and how many were served then, in turn. */
  tell(now: number): number[] {
    const untold = this.#untold.length > MOST_TOLD ? halved(this.#untold) : this.#untold;
    this.#untold = [];
    return untold.flatMap(([at, count]) => [Math.round(10 * (now - at)) / 10, count]);
  }

  /** Calls `each` for every attempt sent from `from` on, in order. */
  replay(from: number, each: (at: number) => void): void {
    this.#served.replay(from, each);
  }
}

/** Each two neighbours as one, at the moment of the later. */
function halved(all: readonly [at: number, count: number][]): [at: number, count: number][] {
  return all.flatMap(([at, count], index) => {
    if (index % 2 === 0) return index + 1 < all.length ? [] : [[at, count] as [number, number]];
    return [[at, count + (all[index - 1]?.[1] ?? 0)] as [number, number]];
  });
}
