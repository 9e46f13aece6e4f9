/** A limit as a server counts it. Reads no clock: every method takes the moment, in simulated ms. */
export interface Counter {
  /** ms until a request would be accepted; 0 if it would be now. */
  wait(now: number): number;
  count(now: number): void;
}

/** `limit` requests in each window; windows begin at `phase`. */
export class FixedWindow implements Counter {
  readonly #limit: number;
  readonly #per: number;
  readonly #phase: number;
  #window = -Infinity;
  #used = 0;

  constructor(limit: number, per: number, phase: number) {
    this.#limit = limit;
    this.#per = per;
    this.#phase = phase;
  }

  wait(now: number): number {
    const window = this.#windowAt(now);
    if (window !== this.#window || this.#used < this.#limit) return 0;
    return (window + 1) * this.#per + this.#phase - now;
  }

  count(now: number): void {
    const window = this.#windowAt(now);
    if (window !== this.#window) this.#used = 0;
    this.#window = window;
    this.#used += 1;
  }

  #windowAt(now: number): number {
    return Math.floor((now - this.#phase) / this.#per);
  }
}

/** `limit` requests in the last `per`. */
export class RollingWindow implements Counter {
  readonly #limit: number;
  readonly #per: number;
  /** Moments of the last requests, oldest first. */
  readonly #counted: number[] = [];

  constructor(limit: number, per: number) {
    this.#limit = limit;
    this.#per = per;
  }

  wait(now: number): number {
    const blocking = this.#counted.at(-this.#limit);
    return blocking === undefined ? 0 : Math.max(0, blocking + this.#per - now);
  }

  count(now: number): void {
    this.#counted.push(now);
    if (this.#counted.length > 2 * this.#limit + 100)
      this.#counted.splice(0, this.#counted.length - this.#limit);
  }
}

/** A bucket of `limit` tokens, refilled evenly over `per`. */
export class TokenBucket implements Counter {
  readonly #limit: number;
  readonly #perToken: number;
  #tokens: number;
  #at = 0;

  constructor(limit: number, per: number) {
    this.#limit = limit;
    this.#perToken = per / limit;
    this.#tokens = limit;
  }

  wait(now: number): number {
    this.#fill(now);
    return this.#tokens >= 1 ? 0 : (1 - this.#tokens) * this.#perToken;
  }

  count(now: number): void {
    this.#fill(now);
    this.#tokens = Math.max(0, this.#tokens - 1);
  }

  #fill(now: number): void {
    this.#tokens = Math.min(this.#limit, this.#tokens + (now - this.#at) / this.#perToken);
    this.#at = now;
  }
}
