import { RoundTrip } from '../round-trip.ts';
import { SentLog } from './sent-log.ts';

/** Maximum number of attempts that are not in the log yet. */
const MAX_RECENT = 64;

const NONE: number[] = [];

/** The served attempts of a quota: how long they took, and when they reached the server. */
export class Served {
  readonly trip: RoundTrip = new RoundTrip();
  /** Called with the arrival of each attempt that is entered in the log. */
  entered: ((arrival: number) => void) | undefined;
  readonly #log = new SentLog();
  /** Moments of answer and of sending, in turn, of the last attempts that are not in the log yet. */
  #recent: number[] = NONE;

  push(now: number, sentAt: number): void {
    this.trip.push(now - sentAt);
    if (this.#recent.length === 0) this.#recent = [now, sentAt];
    else this.#recent.push(now, sentAt);
    if (this.#recent.length > 2 * MAX_RECENT) this.settle();
  }

  /** Number that the server had in service at a moment: those sent within one round trip before. */
  inServiceAt(moment: number): number {
    return this.log.between(moment - this.trip.average, moment + 1).count;
  }

  /**
   * Number of the last ones that the server had in service when it refused an attempt that was sent at `sentAt`: those sent no
   * later, and answered after the refused one was halfway to its answer.
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

  /** When each reached the server, as far as known. */
  get log(): SentLog {
    this.settle();
    return this.#log;
  }

  /** Enters the last attempts in the log, as late as possible: the more round trips are known, the better is their arrival. */
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
