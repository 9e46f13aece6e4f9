import type { Asked } from './admitter.ts';
import type { Linked, LinkedList } from './linked-list.ts';
import type { Permit } from './permit.ts';

/** What an attempt asks the gate for. */
export interface Ask extends Asked {
  readonly priority: number;
  /** The flow it belongs to; flows of one priority share fairly. */
  readonly flow?: string | undefined;
  /** True for a resend, which goes ahead of new calls. */
  readonly resend: boolean;
  /** Moment by which the call must end; `Infinity` for none. */
  readonly deadlineAt: number;
  /** The error for a wait that cannot end before the deadline; `waitMs` is the wait needed. */
  late(waitMs: number): Error;
  /** The error while the server of a quota is out, for at least `waitMs`; `undefined` to wait. */
  out?(waitMs: number, quota: string): Error | undefined;
  /** Its quota was removed and it is in no queue: moves to the gate that now matches it. Never throws. */
  move(place: Place): void;
}

/** What places are queued in. */
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
  list: LinkedList<Linked> | undefined;
  readonly permit: Promise<Permit>;
  /** Minimum wait expected on arrival, in ms. */
  // Not initialized to 0: the engine would then keep the later number in a 16-byte box.
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

  /** @internal Assigns the place to a lane. */
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

  /** Gives the place up: its promise rejects with `error`. Does nothing once a permit was granted. */
  leave(error: Error): void {
    if (this.#lane?.left(this)) this.#reject(error);
  }
}
