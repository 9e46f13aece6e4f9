import { Transit } from './transit.ts';

/**
 * What a client's clock may lag behind a server's whole milliseconds: a slot is given back this much late, so
 * that a server that counts in integers never sees two uses of it less than `per` apart.
 */
export const CLOCK_GRAIN_MS = 1;

/** The ring of a count in which there was no response yet, and the shortest of the others. */
const NO_RING: number[] = [];
const LEAST_RING = 4;
/** Length from which on a typed array is used. */
const TYPED_RING = 64;

/**
 * The arithmetic of one window: how many permits are free, and when the next ones will be.
 *
 * A permit is used from its taking until `per` after its response:
 *
 *     used(t) = in flight + |{ r in responses : t − r < per }|        free(t) = capacity − used(t) − spent
 *
 * Since a server counts a request between the two, used(t) is never less than what any server window, fixed at
 * any phase or rolling, can count; so `free ≥ 1` before each taking keeps every one of them within `limit`.
 *
 * After that a permit is free again, if it `recycle`s; else it is `spent`, and its holder decides where it goes.
 *
 * Responses are kept in a ring, in the order of their arrival: O(1) each, 8 bytes per permit in use.
 */
export class WindowCount {
  /** ms; 0 makes it a count of attempts in flight alone. */
  per: number;
  /** Permits held. */
  capacity = 0;
  /** False when its holder has to release a permit before it can be used again. */
  recycle = true;
  /** Permits that were used and are not released yet. */
  spent = 0;
  #inFlight = 0;
  #ring: number[] | Float64Array = NO_RING;
  #head = 0;
  #size = 0;
  #transit: Transit | undefined;

  constructor(per: number, capacity = 0) {
    this.per = per;
    this.capacity = capacity;
  }

  /** Maximum time of the way to the server, in ms; absent where attempts count from their response. */
  get transitMs(): number | undefined {
    return this.#transit && this.#transit.ms < Infinity ? this.#transit.ms : undefined;
  }

  /** Sets it; what was sent before its first setting counts from its response. */
  limitTransit(ms: number = Infinity): void {
    if (this.#transit) this.#transit.ms = ms;
    else if (ms < Infinity) this.#transit = new Transit(ms);
  }

  /** Permits in use at `now`. */
  used(now: number): number {
    this.#expire(now);
    return this.#inFlight + this.#size;
  }

  /** Permits in use whose response has not come. */
  get unanswered(): number {
    return this.#inFlight;
  }

  /** The oldest response in the window; `Infinity` when there is none. */
  get oldest(): number {
    return this.#size > 0 ? this.#at(0) : Infinity;
  }

  free(now: number): number {
    return this.capacity - this.used(now) - this.spent;
  }

  /** An attempt was sent, at `sentAt`: the moment matters only where transit is limited. */
  take(sentAt = 0): void {
    this.#inFlight += 1;
    this.#transit?.sent(sentAt);
  }

  /** The response to the attempt sent at `sentAt` came, or it ended without one. */
  give(at: number, sentAt = 0): void {
    if (this.#transit) {
      this.#arrive(at);
      if (!this.#transit.answered(sentAt)) return;
    }
    this.#put(at);
  }

  #put(at: number): void {
    this.#inFlight -= 1;
    if (this.per === 0) return;
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#size) % this.#ring.length] = at;
    this.#size += 1;
  }

  /** The permit taken at `sentAt` was not used: nothing reached the server. */
  refund(at = 0, sentAt = 0): void {
    if (this.#transit) {
      this.#arrive(at);
      if (!this.#transit.answered(sentAt)) return;
    }
    this.#inFlight -= 1;
  }

  /** The last response was a refusal, and does not count. */
  retract(): void {
    if (this.#size > 0) this.#size -= 1;
  }

  /** Nothing is in use any more. */
  clear(): void {
    this.#inFlight = 0;
    this.#size = 0;
  }

  /** Counts on from another count, of which `unanswered` attempts are in flight. */
  adopt(other: WindowCount, unanswered: number): void {
    for (let index = 0; index < other.#size; index += 1) this.preset(other.#at(index));
    this.presetInFlight(unanswered);
  }

  /** A response that came before the count began; in order. */
  preset(at: number): void {
    this.#inFlight += 1;
    this.#put(at);
  }

  /** Attempts that were sent before the count began. */
  presetInFlight(count: number): void {
    this.#inFlight += count;
  }

  /**
   * The earliest moment at which the last of `count` newcomers can go, of `most` permits in all; a lower bound, as
   * attempts in flight end when they like. `Infinity` when only their ending can tell.
   *
   *     go(n) = the moment at which n − (most − used) of those in use are free      for n ≤ most
   *     go(n) = go(n − most) + per                                                  beyond
   */
  freeAt(count: number, now: number, most: number = this.capacity): number {
    const cycle = Math.max(1, most);
    const whole = Math.floor((count - 1) / cycle);
    const missing = count - whole * cycle - (most - this.used(now));
    if (missing <= 0 && whole === 0) return now;
    if (this.per === 0) return Infinity;
    const round = this.per + CLOCK_GRAIN_MS;
    if (missing <= 0) return now + whole * round;
    return (missing <= this.#size ? this.#at(missing - 1) : now) + (whole + 1) * round;
  }

  /** The moment at which the oldest that is counted leaves the window; `Infinity` when only a response can tell. */
  nextExpiry(now: number): number {
    this.#expire(now);
    const oldest = this.#size > 0 ? this.#at(0) : (this.#transit?.nextAt ?? Infinity);
    return oldest + this.per + CLOCK_GRAIN_MS;
  }

  /** What was sent long enough ago has come to the server. */
  #arrive(now: number): void {
    const transit = this.#transit;
    if (!transit) return;
    for (let at = transit.nextAt; at <= now; at = transit.nextAt) {
      transit.count();
      // A transit that was shortened counts some in the past: the ring is in order.
      this.#put(this.#size > 0 ? Math.max(at, this.#at(this.#size - 1)) : at);
    }
  }

  /** ms until each permit in use is free again; `Infinity` for one in flight. */
  returns(now: number): number[] {
    this.#expire(now);
    const round = this.per + CLOCK_GRAIN_MS;
    const answered = Array.from({ length: this.#size }, (_, index) => this.#at(index) + round - now);
    return [...answered, ...Array<number>(this.#inFlight).fill(Infinity)];
  }

  #expire(now: number): void {
    this.#arrive(now);
    // The same sum as in `nextExpiry`: a rounding apart, and a wake-up at that moment would find nothing free.
    while (this.#size > 0 && this.#at(0) + this.per + CLOCK_GRAIN_MS <= now) {
      this.#head = (this.#head + 1) % this.#ring.length;
      this.#size -= 1;
      if (!this.recycle) this.spent += 1;
    }
  }

  #at(index: number): number {
    return this.#ring[(this.#head + index) % this.#ring.length] as number;
  }

  #grow(): void {
    const length = Math.max(LEAST_RING, this.#ring.length * 2);
    // A short array is smaller: a typed one takes 200 B beside its numbers.
    const larger = length < TYPED_RING ? new Array<number>(length).fill(-0.5) : new Float64Array(length);
    for (let index = 0; index < this.#size; index += 1) larger[index] = this.#at(index);
    this.#ring = larger;
    this.#head = 0;
  }
}
