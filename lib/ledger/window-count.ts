import type { Use } from './ledger.ts';
import { Ring, ROUNDING } from './ring.ts';
import { Transit } from './transit.ts';
import { CLOCK_GRAIN_MS, type Turnover, type WindowClock } from './turnover.ts';

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
 * Where a {@link Turnover} is given, it tells when what was answered is free again, in place of `per`.
 *
 * An attempt may weigh more or less than one permit; |…| is then the sum of the weights. O(1) each.
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
  /** Weight of the attempts in flight, and their number. */
  #inFlight = 0;
  #flying = 0;
  /** Responses in the window, in the order of their arrival. Made for the first. */
  #responses: Ring | undefined;
  #transit: Transit | undefined;
  /** Absent where what was used is free again `per` after its response. */
  readonly #turnover: Turnover | undefined;

  constructor(per: number, capacity = 0, turnover?: Turnover) {
    this.per = per;
    this.capacity = capacity;
    this.#turnover = turnover;
  }

  /** Maximum time of the way to the server, in ms; absent where attempts count from their response. */
  get transitMs(): number | undefined {
    return this.#transit && this.#transit.ms < Infinity ? this.#transit.ms : undefined;
  }

  /** Another number of permits is held from now on. */
  hold(capacity: number, now: number): void {
    // What was in use until now came back to as many as were held.
    this.#expire(now);
    this.capacity = capacity;
  }

  /** Sets it; what was sent before its first setting counts from its response. */
  limitTransit(ms: number = Infinity): void {
    if (this.#transit) this.#transit.ms = ms;
    else if (ms < Infinity) this.#transit = new Transit(ms);
  }

  /** Permits in use at `now`. */
  used(now: number): number {
    this.#expire(now);
    return this.#responses === undefined ? this.#inFlight : this.#inFlight + this.#responses.weight;
  }

  /** Permits in use whose response has not come. */
  get unanswered(): number {
    return this.#inFlight;
  }

  /** The oldest response in the window; `Infinity` when there is none. */
  get oldest(): number {
    return this.#responses !== undefined && this.#responses.size > 0 ? this.#responses.at(0) : Infinity;
  }

  free(now: number): number {
    return this.capacity - this.used(now) - this.spent;
  }

  /** Whether there is room for an attempt of this weight. */
  fits(weight: number, now: number): boolean {
    return weight === 0 || this.free(now) >= weight - ROUNDING;
  }

  /**
   * An attempt was sent, at `sentAt`: the moment matters only where transit is limited, and there only to an attempt that
   * weighs 1; any other counts from its response.
   */
  take(sentAt = 0, weight = 1): void {
    this.#flying += 1;
    this.#inFlight += weight;
    if (weight === 1) this.#transit?.sent(sentAt);
  }

  /** The response to the attempt sent at `sentAt` came, or it ended without one. */
  give(at: number, sentAt = 0, weight = 1): void {
    if (this.#transit && weight === 1) {
      this.#arrive(at);
      if (!this.#transit.answered(sentAt)) return;
    }
    this.#land(weight);
    this.preset(at, weight);
  }

  /** The permit taken at `sentAt` was not used: nothing reached the server. */
  refund(at = 0, sentAt = 0, weight = 1): void {
    if (this.#transit && weight === 1) {
      this.#arrive(at);
      if (!this.#transit.answered(sentAt)) return;
    }
    this.#land(weight);
  }

  /** An attempt in flight weighs that much more than was taken for it, or less. */
  reweigh(by: number): void {
    this.#inFlight += by;
  }

  /**
   * An attempt whose response came at `at` weighed that much more than was taken for it, or less: what was too much is free
   * at once; what was too little counts from now, the last moment at which the server can have counted it.
   */
  amend(by: number, at: number, now: number): void {
    if (by > 0) this.preset(this.#inOrder(now), by);
    else if (this.#responses && this.#turnover) this.#turnover.lighten(this.#responses, at, -by);
    else this.#responses?.lighten(at, -by);
  }

  /** The last response was a refusal, and does not count. */
  retract(): void {
    if (this.#responses !== undefined && this.#responses.size > 0) this.#responses.pop();
  }

  /** Nothing is in use any more. */
  clear(): void {
    this.#inFlight = this.#flying = 0;
    this.#responses?.clear();
  }

  /** Counts on from another count; where transit is limited, `unanswered` attempts of it are in flight. */
  adopt(other: WindowCount, unanswered: number, now: number): void {
    other.#expire(now);
    const responses = other.#responses;
    for (let index = 0; responses !== undefined && index < responses.size; index += 1) {
      // What a bucket has taken back of these is no more in their weights: it must not come back again.
      const at = this.#turnover && other.#turnover ? now : Math.min(now, responses.at(index));
      this.preset(at, responses.weightAt(index));
    }
    if (other.#transit) this.presetInFlight(unanswered);
    else this.presetInFlight(other.#flying, other.#inFlight);
  }

  /** A copy to reckon ahead with, by a clock of its own: nothing is in flight, and all permits come back by themselves. */
  ahead(capacity: number, clock: WindowClock): WindowCount {
    this.#expire(clock.now());
    const copy = new WindowCount(this.per, capacity, this.#turnover?.ahead(clock));
    copy.#responses = this.#responses?.copy();
    copy.limitTransit(this.#transit?.ms);
    return copy;
  }

  /** A response that came before the count began; in order. */
  preset(at: number, weight = 1): void {
    if (this.per === 0 || weight === 0) return;
    this.#responses ??= new Ring();
    if (this.#turnover) this.#turnover.add(this.#responses, at, weight);
    else this.#responses.push(at, weight);
  }

  /** Attempts that were sent before the count began. */
  presetInFlight(count: number, weight: number = count): void {
    this.#flying += count;
    this.#inFlight += weight;
  }

  /**
   * The earliest moment at which the last of `count` newcomers can go, of `most` permits in all; a lower bound, as
   * attempts in flight end when they like. `Infinity` when only their ending can tell.
   *
   *     go(n) = the moment at which n − (most − used) of those in use are free      for n ≤ most
   *     go(n) = go(n − most) + per                                                  beyond
   */
  freeAt(count: number, now: number, most: number = this.capacity): number {
    if (this.#turnover) {
      const short = count - (most - this.used(now));
      this.#responses ??= new Ring();
      return short <= ROUNDING ? now : this.#turnover.roomAt(this.#responses, short, now, most);
    }
    const cycle = Math.max(1, most);
    const whole = Math.max(0, Math.ceil(count / cycle) - 1);
    const missing = count - whole * cycle - (most - this.used(now));
    if (missing <= ROUNDING && whole === 0) return now;
    if (this.per === 0) return Infinity;
    const round = this.per + CLOCK_GRAIN_MS;
    if (missing <= ROUNDING) return now + whole * round;
    return (this.#responses?.reaching(missing) ?? now) + (whole + 1) * round;
  }

  /** The earliest moment at which an attempt of this weight fits; `Infinity` when only an event can tell. */
  turnAt(weight: number, now: number): number {
    if (this.fits(weight, now)) return now;
    if (!this.recycle) return Infinity;
    if (this.#turnover) {
      const short = weight - this.free(now);
      const responses = this.#responses;
      const waits = responses === undefined || short > responses.weight + ROUNDING;
      if (waits) return Infinity;
      return Math.min(
        now + this.#turnover.lookMs,
        this.#turnover.freedAt(responses, short, now, this.capacity),
      );
    }
    const freed = this.#responses?.reaching(weight - this.free(now));
    return freed === undefined ? this.nextExpiry(now) : freed + this.per + CLOCK_GRAIN_MS;
  }

  /** The moment at which the oldest that is counted leaves the window; `Infinity` when only a response can tell. */
  nextExpiry(now: number): number {
    this.#expire(now);
    if (this.#turnover && this.#responses) {
      const arrival = this.#transit?.nextAt ?? Infinity;
      return Math.min(arrival, this.#turnover.nextAt(this.#responses, now, this.capacity));
    }
    let { oldest } = this;
    if (oldest === Infinity && this.#transit) oldest = this.#transit.nextAt;
    return oldest + this.per + CLOCK_GRAIN_MS;
  }

  /** What was sent long enough ago has come to the server. */
  #arrive(now: number): void {
    const transit = this.#transit;
    if (!transit) return;
    for (let at = transit.nextAt; at <= now; at = transit.nextAt) {
      transit.count();
      this.#land(1);
      // A transit that was shortened counts some in the past: the ring is in order.
      this.preset(this.#inOrder(at));
    }
  }

  /** This moment, or the last in the ring if that is later. */
  #inOrder(at: number): number {
    return this.#turnover ? at : Math.max(at, this.#responses?.last ?? at);
  }

  /** What is in use, in blocks that become free together: one for each response, and one in flight. */
  uses(now: number): Use[] {
    this.#expire(now);
    const round = this.per + CLOCK_GRAIN_MS;
    const all: Use[] = [];
    let counted = 0;
    const responses = this.#responses;
    for (let index = 0; responses !== undefined && index < responses.size; index += 1) {
      counted += responses.weightAt(index);
      const freeAt = this.#turnover
        ? this.#turnover.freedAt(responses, counted, now, this.capacity)
        : responses.at(index) + round;
      all.push({ permits: responses.weightAt(index), freeIn: freeAt - now });
    }
    if (this.#inFlight > ROUNDING) all.push({ permits: this.#inFlight, freeIn: Infinity });
    return all;
  }

  /** One that was in flight is not any more. */
  #land(weight: number): void {
    this.#flying -= 1;
    // Sums of fractions have rounding errors: with nothing left they begin anew.
    this.#inFlight = this.#flying === 0 ? 0 : this.#inFlight - weight;
  }

  #expire(now: number): void {
    this.#arrive(now);
    // The same sum as in `nextExpiry`: a rounding apart, and a wake-up at that moment would find nothing free.
    const responses = this.#responses;
    if (responses === undefined) return;
    if (this.#turnover) {
      const weight = this.#turnover.expire(responses, now, this.capacity);
      if (!this.recycle) this.spent += weight;
      return;
    }
    while (responses.size > 0 && responses.at(0) + this.per + CLOCK_GRAIN_MS <= now) {
      const weight = responses.shift();
      if (!this.recycle) this.spent += weight;
    }
  }
}
