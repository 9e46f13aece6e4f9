import type { FoundWindow } from '../../ledger/ledger.ts';
import type { Window } from '../../words/types.ts';
import type { Finding } from '../finding.ts';
import { InFlightLimit, lessened, NONE_KNOWN } from '../in-flight/refusals.ts';
import type { Closure } from './closure.ts';
import { covers } from './declared.ts';
import { BEYOND, revise } from './estimate.ts';
import { Learner } from './learner.ts';
import { OwnLog } from './own-log.ts';

/**
 * The learner of one process, where others draw on the quota too: it tells them what it was served and hears what they were, so
 * that a closing is read by what all of them sent. What it finds holds for this process alone, until all agree on it and
 * the gate keeps it: from then on it is declared.
 */
export class FleetLearner extends Learner {
  readonly #own = new OwnLog();
  readonly #count: () => number;
  /** Windows declared by the user. */
  readonly #given: readonly Window[];
  #agreed: readonly Window[] = [];
  /** Windows that all agreed on, as they turned out to be. */
  #revised: readonly FoundWindow[] = [];
  /** Maximum in flight of all processes together, as all agreed, and as found since; `Infinity` where there is no such limit. */
  #agreedInFlight = Infinity;
  #foundInFlight = Infinity;
  /** Number of processes by which it is shared. */
  #sharedBy = 1;
  /** When another process was refused last, and attempts in flight here that were served. */
  #refusedAt = -Infinity;
  #inService = 0;
  /** What is to be read once the others were heard: a closing that is over, and the reopening before it. */
  #unread: readonly [closing: Closure, reopenedAt: number] | undefined;

  /** @param sharers number of processes that draw on the quota */
  constructor(unanswered: number, declared: readonly Window[], sharers: () => number) {
    super(unanswered, declared);
    this.#given = declared;
    this.#count = sharers;
    this.past.entered = (arrival) => this.#own.push(arrival);
  }

  /** Windows that all agreed on. */
  get agreed(): readonly Window[] {
    return this.#agreed;
  }

  /** Maximum in flight of all processes together, as all agreed; `Infinity` where they agreed on none. */
  get agreedInFlight(): number {
    return this.#agreedInFlight;
  }

  /** The last closing that is not read yet: it is over, or the server named its end; `undefined` where there is none. */
  get question(): 'over' | 'named' | undefined {
    if (this.#unread) return 'over';
    return this.closing && !this.closing.expected && !this.closing.silent ? 'named' : undefined;
  }

  /** Attempts of this process that the server had in service at the last closing. */
  get inService(): number {
    return this.#unread?.[0].inService ?? this.closing?.inService ?? this.#inService;
  }

  /** Another process was refused. */
  refusedElsewhere(now: number): void {
    // One closing may be told by several.
    if (now < this.#refusedAt + this.latency) return;
    this.#refusedAt = now;
    this.#inService = 0;
  }

  /** Reads the last closing by all that was heard. @param elsewhere attempts in service for the other processes at it */
  answer(now: number, elsewhere: number): void {
    const { closing } = this;
    if (this.#unread) this.#read(now, elsewhere, ...this.#unread);
    else if (closing && this.question === 'named') {
      this.#read(now, elsewhere, closing, this.reopenedAt);
      closing.expected = true;
    }
    this.#unread = undefined;
  }

  /** The last closing tells nothing. */
  dismiss(): void {
    this.#unread = undefined;
    if (this.closing) this.closing.expected = true;
  }

  /** What was found beside the windows that the gate keeps; among it, with a length of 0, the limit of attempts in flight. */
  get found(): readonly FoundWindow[] {
    const windows = [...this.#revised, ...this.known.filter((each) => !covers(this.declared, each))];
    const limit = this.#foundInFlight;
    return limit === this.#agreedInFlight ? windows : [{ limit, per: 0 }, ...windows];
  }

  /** All agreed on these windows: the gate keeps them from now on. @param inFlight maximum in flight that all agreed on */
  agree(windows: readonly Window[], inFlight: number = Infinity): void {
    if (inFlight !== this.#agreedInFlight) this.#share(inFlight);
    const most = Math.max(0, ...windows.map(({ limit }) => limit));
    if (windows.some(({ agreed, limit }) => limit !== this.#limitOf(agreed)))
      this.ramp.begin(most, this.sharers);
    this.#agreed = windows;
    this.declared = [...this.#given, ...windows];
    // What was found beside them will be found again.
    this.known = [];
    this.#revised = [];
  }

  /** Goes on from what all had agreed on. */
  inherit({ agreed, agreedInFlight }: FleetLearner): void {
    this.agree(agreed, agreedInFlight);
  }

  /** Another process was refused, as too many are in flight. */
  crowded(now: number): void {
    this.flight.crowded(now);
  }

  override served(now: number, sentAt: number, inFlight: number): Finding | undefined {
    const { sharers } = this;
    if (sharers !== this.#sharedBy) this.flight.scale(this.#sharedBy / sharers);
    this.#sharedBy = sharers;
    if (sentAt <= this.#refusedAt) this.#inService += 1;
    return super.served(now, sentAt, inFlight);
  }

  /** What this process was served and did not tell before: ms ago, and how many then, in turn. */
  tell(now: number): number[] {
    this.past.settle();
    return this.#own.tell(now);
  }

  /** Another process told that. */
  hear(now: number, told: readonly number[]): void {
    for (let index = 0; index + 1 < told.length; index += 2) {
      const at = now - (told[index] as number);
      for (let copy = told[index + 1] as number; copy > 0; copy -= 1) this.past.log.push(at);
    }
  }

  /** Calls `each` for every attempt of this process that was served from `from` on. */
  replay(from: number, each: (at: number) => void): void {
    this.past.settle();
    this.#own.replay(from, each);
  }

  protected override get sharers(): number {
    return this.#count();
  }

  protected override get confirmed(): boolean {
    return this.#agreed.length > 0 || super.confirmed;
  }

  protected override learn(_now: number, closing: Closure, reopenedAt: number): undefined {
    this.#unread = [closing, reopenedAt];
  }

  #read(now: number, elsewhere: number, closing: Closure, reopenedAt: number): void {
    const known = this.sharers > 1 ? closing.inService + elsewhere : undefined;
    const inService = this.explained(closing, known);
    const before = this.#agreedInFlight;
    if (inService !== undefined) {
      this.#foundInFlight = lessened(before, inService);
      // Nothing is agreed on that is as before.
      if (this.#foundInFlight === before) this.#share(before);
      return;
    }
    if (!this.flight.possible) this.#foundInFlight = Infinity;
    const wait = closing.low - closing.refusedAt;
    const near = this.#agreed.find(({ per }) => wait <= per * BEYOND);
    const agreed = near && { ...near, leastPer: near.per };
    const revised = agreed && revise(this.past.log, closing, agreed, reopenedAt, this.past.trip.jitter);
    if (revised) this.#revised = [{ limit: revised.limit, per: revised.high }];
    else this.learnWindow(now, closing, reopenedAt);
  }

  /** Of what all may have in flight each process takes the same part, at first. */
  #share(inFlight: number): void {
    this.#agreedInFlight = inFlight;
    this.#foundInFlight = inFlight;
    if (this.flight === NONE_KNOWN) this.flight = new InFlightLimit();
    this.#sharedBy = this.sharers;
    this.flight.agree(inFlight === Infinity ? undefined : Math.max(1, Math.floor(inFlight / this.sharers)));
  }

  #limitOf(agreed: number | undefined): number | undefined {
    return this.#agreed.find((each) => each.agreed === agreed)?.limit;
  }
}
