import { RoundTrip } from '../round-trip.ts';
import { SentLog } from './sent-log.ts';

/** Maximum number of attempts not yet in the log. */
const MAX_RECENT = 64;

const NONE: number[] = [];

/** A quota's served attempts: how long they took, and when they reached the server. */
export class Served {
  readonly trip: RoundTrip = new RoundTrip();
  /** Called with the arrival time of each attempt entered in the log. */
  entered: ((arrival: number) => void) | undefined;
  readonly #log = new SentLog();
  /** Alternately the response and sending times of the last attempts, not yet in the log. */
  #recent: number[] = NONE;

  push(now: number, sentAt: number): void {
    this.trip.push(now - sentAt);
    if (this.#recent.length === 0) this.#recent = [now, sentAt];
    else this.#recent.push(now, sentAt);
    if (this.#recent.length > 2 * MAX_RECENT) this.settle();
  }

  /** Number of attempts the server had in service at a moment: those sent within one round trip before. */
  inServiceAt(moment: number): number {
    return this.log.between(moment - this.trip.average, moment + 1).count;
  }

  /**
   * Number of recently served attempts the server had in service when it refused one sent at `sentAt`: those sent no later and
   * answered after the halfway point between its sending and its refusal.
   */
  inServiceAtRefusal(now: number, sentAt: number): number {
    const recent = this.#recent;
    const midway = (sentAt + now) / 2;
    let count = 0;
    for (let index = 0; index < recent.length; index += 2) {
      const [answeredAt, at] = [recent[index] as number, recent[index + 1] as number];
      if (at <= sentAt && answeredAt > midway) count += 1;
    }
    return count;
  }

  /** Estimated times at which they reached the server. */
  get log(): SentLog {
    this.settle();
    return this.#log;
  }

  /** Enters the last attempts in the log, as late as possible: the more round trips are known, the better the estimated arrival. */
  settle(): void {
    const recent = this.#recent;
    this.#recent = NONE;
    for (let index = 0; index < recent.length; index += 2) {
      const arrival = this.trip.arrival(recent[index] as number, recent[index + 1] as number);
      this.#log.push(arrival);
      this.entered?.(arrival);
    }
  }
}
