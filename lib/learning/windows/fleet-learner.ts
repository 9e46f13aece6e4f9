import type { Window } from '../../words/types.ts';
import type { Closure } from './closure.ts';
import { covers } from './declared.ts';
import { BEYOND, revise } from './estimate.ts';
import { Learner } from './learner.ts';
import { OwnLog } from './own-log.ts';

/** A window that was found, and that the gate does not keep yet. */
interface Found {
  readonly limit: number;
  /** ms */
  readonly per: number;
}

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
  #revised: readonly Found[] = [];
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

  /** The last closing that is not read yet: it is over, or the server named its end; `undefined` where there is none. */
  get question(): 'over' | 'named' | undefined {
    if (this.#unread) return 'over';
    return this.closing && !this.closing.expected && !this.closing.silent ? 'named' : undefined;
  }

  /** Reads the last closing by all that was heard. */
  answer(now: number): void {
    const { closing } = this;
    if (this.#unread) this.#read(now, ...this.#unread);
    else if (closing && this.question === 'named') {
      this.#read(now, closing, this.reopenedAt);
      closing.expected = true;
    }
    this.#unread = undefined;
  }

  /** The last closing tells nothing. */
  dismiss(): void {
    this.#unread = undefined;
    if (this.closing) this.closing.expected = true;
  }

  /** What was found beside the windows that the gate keeps. */
  get found(): readonly Found[] {
    return [...this.#revised, ...this.known.filter((each) => !covers(this.declared, each))];
  }

  /** All agreed on these windows: the gate keeps them from now on. */
  agree(windows: readonly Window[]): void {
    const most = Math.max(0, ...windows.map(({ limit }) => limit));
    if (windows.some(({ agreed, limit }) => limit !== this.#limitOf(agreed)))
      this.ramp.begin(most, this.sharers);
    this.#agreed = windows;
    this.declared = [...this.#given, ...windows];
    // What was found beside them will be found again.
    this.known = [];
    this.#revised = [];
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

  #read(now: number, closing: Closure, reopenedAt: number): void {
    const wait = closing.low - closing.refusedAt;
    const near = this.#agreed.find(({ per }) => wait <= per * BEYOND);
    const known = near && { ...near, leastPer: near.per };
    const revised = known && revise(this.past.log, closing, known, reopenedAt, this.past.trip.jitter);
    if (revised) this.#revised = [{ limit: revised.limit, per: revised.high }];
    else super.learn(now, closing, reopenedAt);
  }

  #limitOf(agreed: number | undefined): number | undefined {
    return this.#agreed.find((each) => each.agreed === agreed)?.limit;
  }
}
