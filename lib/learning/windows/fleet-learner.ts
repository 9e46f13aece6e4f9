import type { FoundWindow } from '../../ledger/ledger.ts';
import type { Window } from '../../words/types.ts';
import type { Finding } from '../finding.ts';
import type { FlightLimit } from '../in-flight/limit.ts';
import { lessened } from '../in-flight/refusals.ts';
import type { Closure } from './closure.ts';
import { covers } from './declared.ts';
import { BEYOND, revise } from './estimate.ts';
import { Learner } from './learner.ts';
import { OwnLog } from './own-log.ts';

/**
 * The learner of one process that shares the quota with others. The processes exchange which attempts were served, so that each
 * interprets a closing by the traffic of all. A finding applies to this process alone until all agree on it; the gate then
 * enforces it like a declared window.
 */
export class FleetLearner extends Learner {
  readonly #own = new OwnLog();
  readonly #count: () => number;
  /** Windows declared by the user. */
  readonly #given: readonly Window[];
  #agreed: readonly Window[] = [];
  /** Corrections found for windows that all agreed on. */
  #revised: readonly FoundWindow[] = [];
  /** Maximum in flight across all processes: as agreed, and as found since; `Infinity` if there is no such limit. */
  #agreedInFlight = Infinity;
  #foundInFlight = Infinity;
  /** When another process was last refused, and number of attempts in flight here at that time that were then served. */
  #refusedAt = -Infinity;
  #inService = 0;
  /** A past closing to interpret once the others have been heard, and the reopening before it. */
  #unread: readonly [closing: Closure, reopenedAt: number] | undefined;

  /** @param sharers number of processes that share the quota */
  constructor(flight: FlightLimit, unanswered: number, declared: readonly Window[], sharers: () => number) {
    super(flight, unanswered, declared);
    this.#given = declared;
    this.#count = sharers;
    this.past.entered = (arrival) => this.#own.push(arrival);
  }

  /** Windows that all agreed on. */
  get agreed(): readonly Window[] {
    return this.#agreed;
  }

  /** Maximum in flight across all processes, as agreed; `Infinity` if they agreed on none. */
  get agreedInFlight(): number {
    return this.#agreedInFlight;
  }

  /** State of the closing not interpreted yet: it is over, or the server named its end; `undefined` if there is none. */
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
    // Several processes may report the same closing.
    if (now < this.#refusedAt + this.latency) return;
    this.#refusedAt = now;
    this.#inService = 0;
  }

  /** Interprets the last closing by all that was heard. @param elsewhere attempts of the other processes in service at it */
  answer(now: number, elsewhere: number): void {
    const { closing } = this;
    if (this.#unread) this.#read(now, elsewhere, ...this.#unread);
    else if (closing && this.question === 'named') {
      this.#read(now, elsewhere, closing, this.reopenedAt);
      closing.expected = true;
    }
    this.#unread = undefined;
  }

  /** The last closing says nothing. */
  dismiss(): void {
    this.#unread = undefined;
    if (this.closing) this.closing.expected = true;
  }

  /** Findings beyond the windows that the gate enforces, including the limit of attempts in flight, with a length of 0. */
  get found(): readonly FoundWindow[] {
    const windows = [...this.#revised, ...this.known.filter((each) => !covers(this.declared, each))];
    const limit = this.#foundInFlight;
    return limit === this.#agreedInFlight ? windows : [{ limit, per: 0 }, ...windows];
  }

  /** All agreed on these windows: the gate enforces them from now on. @param inFlight maximum in flight that all agreed on */
  agree(windows: readonly Window[], inFlight: number = Infinity): void {
    if (inFlight !== this.#agreedInFlight) this.#share(inFlight);
    this.#keep(windows);
  }

  /** Takes over what another learner knows to be agreed. */
  inherit({ agreed, agreedInFlight }: FleetLearner): void {
    this.#agreedInFlight = agreedInFlight;
    this.#foundInFlight = agreedInFlight;
    this.#keep(agreed);
  }

  #keep(windows: readonly Window[]): void {
    const most = Math.max(0, ...windows.map(({ limit }) => limit));
    if (windows.some(({ agreed, limit }) => limit !== this.#limitOf(agreed)))
      this.ramp.begin(most, this.sharers);
    this.#agreed = windows;
    this.declared = [...this.#given, ...windows];
    // Any other finding that is still true will be found again.
    this.known = [];
    this.#revised = [];
  }

  /** Another process was refused because too many attempts are in flight. */
  crowded(now: number): void {
    this.flight.crowded(now);
  }

  override served(now: number, sentAt: number): Finding | undefined {
    this.flight.share(this.sharers);
    if (sentAt <= this.#refusedAt) this.#inService += 1;
    return super.served(now, sentAt);
  }

  /** Attempts of this process served since the last call: alternately the time in ms ago and their number. */
  tell(now: number): number[] {
    this.past.settle();
    return this.#own.tell(now);
  }

  /** Receives what another process returned from {@link tell}. */
  hear(now: number, told: readonly number[]): void {
    for (let index = 0; index + 1 < told.length; index += 2) {
      const at = now - (told[index] as number);
      for (let copy = told[index + 1] as number; copy > 0; copy -= 1) this.past.log.push(at);
    }
  }

  /** Calls `each` for every served attempt of this process that was sent at `from` or later. */
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
      // There is nothing to agree on if the limit is unchanged.
      if (this.#foundInFlight === before) this.#share(before);
      return;
    }
    if (!this.flight.refusable) this.#foundInFlight = Infinity;
    const wait = closing.low - closing.refusedAt;
    const near = this.#agreed.find(({ per }) => wait <= per * BEYOND);
    const revised = near && revise(this.past.log, closing, near, reopenedAt, near.per);
    if (revised) this.#revised = [{ limit: revised.limit, per: revised.high }];
    else this.learnWindow(now, closing, reopenedAt);
  }

  /** Divides the limit of attempts in flight equally among the processes, to begin with. */
  #share(inFlight: number): void {
    this.#agreedInFlight = inFlight;
    this.#foundInFlight = inFlight;
    this.flight.agree(inFlight, this.sharers);
  }

  #limitOf(agreed: number | undefined): number | undefined {
    return this.#agreed.find((each) => each.agreed === agreed)?.limit;
  }
}
