import type { AgreedWindow, Conference, FoundWindow, Party } from '../ledger/ledger.ts';
import type { Joining } from '../ledger/windows.ts';
import type { LearnedCause } from '../words/causes.ts';
import type { Window } from '../words/types.ts';
import type { Finding } from './finding.ts';
import type { FleetLearner } from './windows/fleet-learner.ts';

/** Time for all processes to lease what they have in use of a window that was just agreed on, in ms. */
const GRACE_MS = 250;

/** What keeps the windows that a fleet agrees on. */
export interface Keeper {
  /** Keeps these windows from now on, in place of those it was told before. */
  keep(windows: readonly Window[], joining: Joining): void;
  /** The kept window that has no room, by its number. */
  full(now: number): number | undefined;
}

/** The gate, as its part in a fleet sees it. */
interface Home {
  now(): number;
  /** Attempts may go that could not. */
  changed(): void;
  learned(finding: Finding, cause: LearnedCause): void;
}

/** One gate's part in what a fleet learns of a quota. */
export class FleetPart implements Party {
  readonly conference: Conference;
  /** Nothing goes: the others are asked. */
  held = true;
  /** It was told what was agreed on before it came. */
  #joined = false;
  readonly #learner: () => FleetLearner;
  readonly #home: Home;
  readonly #keeper: Keeper;
  readonly #outage: (ms: number) => void;

  /** @param outage is told what another process said of an outage */
  constructor(
    learner: () => FleetLearner,
    outage: (ms: number) => void,
    home: Home,
    keeper: Keeper,
    confer: (party: Party) => Conference,
  ) {
    this.#learner = learner;
    this.#outage = outage;
    this.#home = home;
    this.#keeper = keeper;
    this.conference = confer(this);
  }

  get latencyMs(): number {
    return this.#learner().latency;
  }

  get question(): 'over' | 'named' | undefined {
    return this.#learner().question;
  }

  get found(): readonly FoundWindow[] {
    return this.#learner().found;
  }

  get full(): number | undefined {
    return this.#keeper.full(this.#home.now());
  }

  tell(): number[] {
    return this.#learner().tell(this.#home.now());
  }

  hear(told: readonly number[]): void {
    this.#learner().hear(this.#home.now(), told);
  }

  get inService(): number {
    return this.#learner().inService;
  }

  refusedElsewhere(): void {
    this.#learner().refusedElsewhere(this.#home.now());
  }

  answer(elsewhere: number): void {
    this.#learner().answer(this.#home.now(), elsewhere);
  }

  crowded(): void {
    this.#learner().crowded(this.#home.now());
  }

  outage(ms: number): void {
    this.#outage(ms);
    this.#home.changed();
  }

  dismiss(): void {
    this.#learner().dismiss();
  }

  agree(windows: readonly AgreedWindow[], cause: LearnedCause): void {
    const learner = this.#learner();
    const before = learner.agreed;
    const [inFlight] = windows.filter(({ per }) => per === 0);
    const inFlightBefore = learner.agreedInFlight;
    const timed = windows.filter((each) => each !== inFlight);
    learner.agree(
      timed.map(({ id, limit, per }) => ({ limit, per, agreed: id })),
      inFlight?.limit,
    );
    this.keep();
    this.#home.changed();
    if (inFlight && inFlight.limit !== inFlightBefore)
      this.#home.learned({ limit: inFlight.limit, perMs: 0 }, cause);
    for (const { limit, per } of timed) {
      if (!before.some((each) => each.limit === limit && each.per === per))
        this.#home.learned({ limit, perMs: per }, cause);
    }
  }

  /** Has the windows kept that are agreed on. */
  keep(): void {
    const learner = this.#learner();
    this.#keeper.keep(learner.agreed, {
      served: (...from) => learner.replay(...from),
      // What was agreed on before is leased by those who use it.
      graceMs: this.#joined ? GRACE_MS : 0,
    });
  }

  hold(held: boolean): void {
    if (this.held === held) return;
    this.held = held;
    if (held) return;
    this.#joined = true;
    this.#home.changed();
  }
}
