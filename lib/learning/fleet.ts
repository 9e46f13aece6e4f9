import type { AgreedWindow, Conference, FoundWindow, Party } from '../ledger/ledger.ts';
import type { Joining } from '../ledger/windows.ts';
import type { LearnedCause } from '../words/causes.ts';
import type { Window } from '../words/types.ts';
import type { Finding } from './finding.ts';
import type { FleetLearner } from './windows/fleet-learner.ts';

/** Time for all processes to lease what they are using of a newly agreed window, in ms. */
const GRACE_MS = 250;

/** Enforces the windows a fleet agrees on. */
export interface Keeper {
  /** Enforces these windows from now on, in place of the previous ones. */
  keep(windows: readonly Window[], joining: Joining): void;
  /** Number of the enforced window that has no room. */
  full(now: number): number | undefined;
}

/** The gate, as seen by its part in the fleet. */
interface Home {
  now(): number;
  /** Attempts that had to wait may now go. */
  changed(): void;
  learned(finding: Finding, cause: LearnedCause): void;
}

/** One gate's part in what a fleet learns about a quota. */
export class FleetPart implements Party {
  readonly conference: Conference;
  /** Holds all attempts while the other processes are asked. */
  held = true;
  /** It has received what was agreed before it joined. */
  #joined = false;
  readonly #learner: () => FleetLearner;
  readonly #home: Home;
  readonly #keeper: Keeper;
  readonly #outage: (ms: number) => void;

  /** @param outage receives what another process said about an outage */
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

  /** Passes the agreed windows to the keeper. */
  keep(): void {
    const learner = this.#learner();
    this.#keeper.keep(learner.agreed, {
      served: (...from) => learner.replay(...from),
      // A window agreed before this process joined is already leased by its users: no grace is needed.
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
