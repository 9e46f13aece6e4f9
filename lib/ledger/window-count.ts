import { CLOCK_GRAIN_MS } from '../time/clock.ts';
import type { Use } from './ledger.ts';
import type { Replenishment, WindowClock } from './replenishment.ts';
import { Ring, ROUNDING } from './ring.ts';
import { Transit } from './transit.ts';

/**
 * The arithmetic of one window: how many permits are free, and when the next will be.
 *
 * A permit is in use from when it is taken until `per` after its response:
 *
 *     used(t) = in flight + |{ r in responses : t − r < per }|        free(t) = capacity − used(t) − unreleased
 *
 * A server counts a request at some time between sending and response, so used(t) is never less than the count of any server
 * window, rolling or fixed at any phase. Taking permits only while `free ≥ 1` therefore keeps each such window within `limit`.
 *
 * After that a permit is free again if `recycle` is set; otherwise it is `unreleased`, and its holder decides what happens to it.
 *
 * If a {@link Replenishment} is given, it determines in place of `per` when an answered permit is free again.
 *
 * An attempt may weigh more or less than one permit; |…| is then the sum of the weights. O(1) each.
 */
export class WindowCount {
  /** ms; 0 counts only attempts in flight. */
  per: number;
  /** Number of permits held. */
  capacity = 0;
  /** False if the holder has to release a used permit before it is free again. */
  recycle = true;
  /** Number of permits used but not released yet. */
  unreleased = 0;
  /** Weight of the attempts in flight, and their number. */
  #inFlight = 0;
  #flying = 0;
  /** Responses in the window, in order of arrival. Created at the first. */
  #responses: Ring | undefined;
  #transit: Transit | undefined;
  /** Absent if a permit is free again `per` after its response. */
  readonly #replenishment: Replenishment | undefined;

  constructor(per: number, capacity = 0, replenishment?: Replenishment) {
    this.per = per;
    this.capacity = capacity;
    this.#replenishment = replenishment;
  }

  /** Maximum time to reach the server, in ms; absent if attempts count from their response. */
  get transitMs(): number | undefined {
    return this.#transit && this.#transit.ms < Infinity ? this.#transit.ms : undefined;
  }

  /** Changes the number of permits held. */
  hold(capacity: number, now: number): void {
    // Until now, the previous number determined the refill.
    this.#expire(now);
    this.capacity = capacity;
  }

  /** Sets the maximum time to reach the server. Attempts sent before the first setting count from their response. */
  limitTransit(ms: number = Infinity): void {
    if (this.#transit) this.#transit.ms = ms;
    else if (ms < Infinity) this.#transit = new Transit(ms);
  }

  /** Number of permits in use at `now`. */
  used(now: number): number {
    this.#expire(now);
    return this.#responses === undefined ? this.#inFlight : this.#inFlight + this.#responses.weight;
  }

  /** Number of permits in use without a response yet. */
  get unanswered(): number {
    return this.#inFlight;
  }

  /** Time of the oldest response in the window; `Infinity` if there is none. */
  get oldest(): number {
    return this.#responses !== undefined && this.#responses.size > 0 ? this.#responses.at(0) : Infinity;
  }

  free(now: number): number {
    return this.capacity - this.used(now) - this.unreleased;
  }

  /** Whether there is room for an attempt of this weight. */
  fits(weight: number, now: number): boolean {
    return weight === 0 || this.free(now) >= weight - ROUNDING;
  }

  /**
   * An attempt was sent at `sentAt`. The moment matters only if transit is limited and the attempt weighs 1; any other counts
   * from its response.
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

  /** Corrects the weight of an attempt in flight by `by`. */
  reweigh(by: number): void {
    this.#inFlight += by;
  }

  /**
   * Corrects by `by` the weight of an attempt whose response came at `at`. An excess is free at once; a shortfall counts from now,
   * the latest moment at which the server can have counted it.
   */
  amend(by: number, at: number, now: number): void {
    if (by > 0) this.preset(this.#inOrder(now), by);
    else if (this.#responses && this.#replenishment) this.#replenishment.lighten(this.#responses, at, -by);
    else this.#responses?.lighten(at, -by);
  }

  /** Discards the last response: it was a refusal, which does not count. */
  retract(): void {
    if (this.#responses !== undefined && this.#responses.size > 0) this.#responses.pop();
  }

  /** Resets the count to nothing in use. */
  clear(): void {
    this.#inFlight = this.#flying = 0;
    this.#responses?.clear();
  }

  /** Takes over another count. If that one limits transit, `unanswered` attempts are in flight. */
  adopt(other: WindowCount, unanswered: number, now: number): void {
    other.#expire(now);
    const responses = other.#responses;
    for (let index = 0; responses !== undefined && index < responses.size; index += 1) {
      // Their weights no longer include what the old bucket has refilled: counting from now prevents a second refill.
      const at = this.#replenishment && other.#replenishment ? now : Math.min(now, responses.at(index));
      this.preset(at, responses.weightAt(index));
    }
    if (other.#transit) this.presetInFlight(unanswered);
    else this.presetInFlight(other.#flying, other.#inFlight);
  }

  /** A copy for simulating ahead, with its own clock: nothing is in flight, and permits recycle. */
  ahead(capacity: number, clock: WindowClock): WindowCount {
    this.#expire(clock.now());
    const copy = new WindowCount(this.per, capacity, this.#replenishment?.ahead(clock));
    copy.#responses = this.#responses?.copy();
    copy.limitTransit(this.#transit?.ms);
    return copy;
  }

  /** Adds a response from before the count began; in order. */
  preset(at: number, weight = 1): void {
    if (this.per === 0 || weight === 0) return;
    this.#responses ??= new Ring();
    if (this.#replenishment) this.#replenishment.add(this.#responses, at, weight);
    else this.#responses.push(at, weight);
  }

  /** Adds attempts sent before the count began. */
  presetInFlight(count: number, weight: number = count): void {
    this.#flying += count;
    this.#inFlight += weight;
  }

  /**
   * Earliest moment at which the last of `count` more permits can be taken, of `most` in all: a lower bound, as attempts in
   * flight may take any time. `Infinity` if it depends on them alone.
   *
   *     go(n) = moment at which n − (most − used) of those in use are free          for n ≤ most
   *     go(n) = go(n − most) + per                                                  beyond
   */
  freeAt(count: number, now: number, most: number = this.capacity): number {
    if (this.#replenishment) {
      const short = count - (most - this.used(now));
      this.#responses ??= new Ring();
      return short <= ROUNDING ? now : this.#replenishment.roomAt(this.#responses, short, now, most);
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

  /** Earliest moment at which an attempt of this weight fits; `Infinity` if that depends on an event. */
  turnAt(weight: number, now: number): number {
    if (this.fits(weight, now)) return now;
    if (!this.recycle) return Infinity;
    if (this.#replenishment) {
      const short = weight - this.free(now);
      const responses = this.#responses;
      const waits = responses === undefined || short > responses.weight + ROUNDING;
      if (waits) return Infinity;
      return Math.min(
        now + this.#replenishment.lookMs,
        this.#replenishment.freedAt(responses, short, now, this.capacity),
      );
    }
    const freed = this.#responses?.reaching(weight - this.free(now));
    return freed === undefined ? this.nextExpiry(now) : freed + this.per + CLOCK_GRAIN_MS;
  }

  /** Moment at which the oldest counted attempt leaves the window; `Infinity` if that depends on a response. */
  nextExpiry(now: number): number {
    this.#expire(now);
    if (this.#replenishment && this.#responses) {
      const arrival = this.#transit?.nextAt ?? Infinity;
      return Math.min(arrival, this.#replenishment.nextAt(this.#responses, now, this.capacity));
    }
    let { oldest } = this;
    if (oldest === Infinity && this.#transit) oldest = this.#transit.nextAt;
    return oldest + this.per + CLOCK_GRAIN_MS;
  }

  /** Counts attempts that must have reached the server by now. */
  #arrive(now: number): void {
    const transit = this.#transit;
    if (!transit) return;
    for (let at = transit.nextAt; at <= now; at = transit.nextAt) {
      transit.count();
      this.#land(1);
      // A shortened transit counts some in the past, but the ring must stay in order.
      this.preset(this.#inOrder(at));
    }
  }

  /** `at`, or the latest moment in the ring if that is later. */
  #inOrder(at: number): number {
    return this.#replenishment ? at : Math.max(at, this.#responses?.last ?? at);
  }

  /** Permits in use, grouped by when they become free: one group per response, and one in flight. */
  uses(now: number): Use[] {
    this.#expire(now);
    const round = this.per + CLOCK_GRAIN_MS;
    const all: Use[] = [];
    let counted = 0;
    const responses = this.#responses;
    for (let index = 0; responses !== undefined && index < responses.size; index += 1) {
      counted += responses.weightAt(index);
      const freeAt = this.#replenishment
        ? this.#replenishment.freedAt(responses, counted, now, this.capacity)
        : responses.at(index) + round;
      all.push({ permits: responses.weightAt(index), freeIn: freeAt - now });
    }
    if (this.#inFlight > ROUNDING) all.push({ permits: this.#inFlight, freeIn: Infinity });
    return all;
  }

  /** An attempt is no longer in flight. */
  #land(weight: number): void {
    this.#flying -= 1;
    // Sums of fractions accumulate rounding errors: reset when empty.
    this.#inFlight = this.#flying === 0 ? 0 : this.#inFlight - weight;
  }

  #expire(now: number): void {
    this.#arrive(now);
    // Exactly the sum in `nextExpiry`: if it were rounded differently, a wake-up at that moment would find nothing free.
    const responses = this.#responses;
    if (responses === undefined) return;
    if (this.#replenishment) {
      const weight = this.#replenishment.expire(responses, now, this.capacity);
      if (!this.recycle) this.unreleased += weight;
      return;
    }
    while (responses.size > 0 && responses.at(0) + this.per + CLOCK_GRAIN_MS <= now) {
      const weight = responses.shift();
      if (!this.recycle) this.unreleased += weight;
    }
  }
}
