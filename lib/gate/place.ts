import type { Asked } from './admitter.ts';
import type { Permit } from './permit.ts';
import type { Line, Linked } from './queue.ts';

/** What an attempt asks the gate for. */
export interface Ask extends Asked {
  readonly priority: number;
  /** Whose it is: flows of one priority share fairly. */
  readonly flow?: string | undefined;
  /** True for a resend, which goes ahead of new calls. */
  readonly resend: boolean;
  /** Moment by which the call must end; `Infinity` for none. */
  readonly deadlineAt: number;
  /** What to reject with, when the wait cannot end before the deadline; `waitMs` is the wait needed. */
  late(waitMs: number): Error;
  /** What to reject with while the server is out, until `waitMs` from now; `undefined` to wait. */
  out?(waitMs: number): Error | undefined;
  /** Its quota was removed and it is in no queue: moves to the gate that now matches it. Never throws. */
  move(place: Place): void;
}

/** Where places stand. */
export interface Standing {
  left(place: Place): boolean;
}

let arrivals = 0;

/** A place in a lane. */
export class Place implements Linked {
  readonly ask: Ask;
  /** Order of arrival, whatever the lane. */
  readonly number: number;
  previous: Linked | undefined;
  next: Linked | undefined;
  line: Line<Linked> | undefined;
  readonly permit: Promise<Permit>;
  /** Minimum wait expected on arrival, in ms. */
  // Not 0 at first: the engine would keep the number that comes later in a box of 16 B.
  expectedMs!: number;
  /** False if it waits only for the ledger's prompt answer. */
  held!: boolean;
  #lane: Standing | undefined;
  #resolve!: (permit: Permit) => void;
  #reject!: (error: Error) => void;

  constructor(ask: Ask) {
    this.ask = ask;
    arrivals += 1;
    this.number = arrivals;
    this.permit = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** A resend goes ahead of the new calls of its flow. */
  get resend(): boolean {
    return this.ask.resend;
  }

  /** @internal It stands in this lane from now on. */
  stand(lane: Standing, expectedMs: number, held: boolean): void {
    this.#lane = lane;
    this.expectedMs = expectedMs;
    this.held = held;
  }

  /** @internal */
  grant(permit: Permit): void {
    this.#resolve(permit);
  }

  /** @internal */
  refuse(error: Error): void {
    this.#reject(error);
  }

  /** Gives the place up: its promise rejects with `error`. Nothing, once a permit was granted. */
  leave(error: Error): void {
    if (this.#lane?.left(this)) this.#reject(error);
  }
}
