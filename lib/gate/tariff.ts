import { type Charge, REQUESTS } from '../ledger/windows.ts';
import { CostError } from '../words/errors.ts';
import type { Amounts, Costs, Outcome, QuotaRef, Window } from '../words/types.ts';
import type { Priced } from './admitter.ts';

/** Weight of the latest amount in the running mean; the first are averaged. */
const WEIGHT = 0.05;
/** Fraction of its distance to the latest ratio by which a margin fades at each answer. */
const FADE = 0.01;
/** Margin of an estimate never yet compared with an actual cost, and maximum margin after a surprise. */
const FIRST_MARGIN = 2;
const MOST_MARGIN = 4;
/** Fraction of a limit that an attempt of unknown cost is charged. */
const UNKNOWN_SHARE = 0.1;
/** Number of attempts of unknown cost after which the user is warned. */
const PATIENCE = 20;

type Warn = (code: string, message: string, quota: string) => void;

/** What is known about costs in one unit. */
class Estimate {
  mean: number | undefined;
  /**
   * Factor applied to estimates when charging: the largest ratio of actual to estimated cost, fading slowly.
   * An overcharge is free again when the attempt ends, so a margin costs a round trip, not part of the limit.
   */
  margin: number = FIRST_MARGIN;
  /** The same without the initial guess, for which a lone attempt does not wait. */
  surprise = 1;
  #told = 0;

  learn(estimate: number | undefined, spent: number): void {
    this.#told += 1;
    this.mean ??= spent;
    this.mean += (spent - this.mean) * Math.max(1 / this.#told, WEIGHT);
    if (estimate === undefined || estimate <= 0) return;
    const ratio = Math.min(MOST_MARGIN, Math.max(1, spent / estimate));
    this.margin = faded(this.margin, ratio);
    this.surprise = faded(this.surprise, ratio);
  }
}

function faded(margin: number, ratio: number): number {
  return Math.max(ratio, margin - (margin - ratio) * FADE);
}

/** What attempts cost one quota, in the units that its windows count. */
export class Tariff {
  readonly #key: string;
  readonly #costs: Costs | undefined;
  readonly #spent: QuotaRef['spent'];
  /** Smallest limit of each unit. */
  readonly #limits = new Map<string, number>();
  readonly estimates: Map<string, Estimate> = new Map<string, Estimate>();
  readonly #warn: Warn;
  /** Whether actual costs become known afterwards, so that estimates need a margin. */
  isCorrected: boolean;
  #unknown = 0;

  /** `undefined` if an attempt costs one request and nothing else. */
  static of(ref: QuotaRef, warn: Warn, before?: Tariff): Tariff | undefined {
    const plain = !ref.cost && !ref.spent && ref.windows.every(({ of = REQUESTS }) => of === REQUESTS);
    return plain ? undefined : new Tariff(ref, warn, before);
  }

  constructor({ key, windows, cost, spent, seldom }: QuotaRef, warn: Warn, before?: Tariff) {
    this.#key = key;
    this.#costs = cost;
    this.#spent = spent;
    this.#warn = warn;
    this.isCorrected = (spent !== undefined && !seldom) || before?.isCorrected === true;
    for (const { of = REQUESTS, limit, kind } of windows as readonly Window[]) {
      if (kind === 'spacing') continue;
      this.#limits.set(of, Math.min(limit, this.#limits.get(of) ?? Infinity));
      this.estimates.set(of, before?.estimates.get(of) ?? new Estimate());
    }
  }

  /** What an attempt is expected to cost. */
  expected(ask: Priced): Charge {
    return new Map(
      [...this.#limits].map(([unit, limit]) => [unit, Math.min(limit, this.#mean(ask, unit, limit))]),
    );
  }

  /**
   * What an attempt is charged, with a margin for the error of its estimate; `guessed` includes the initial
   * guess.
   */
  charge(ask: Priced, guessed: boolean): Charge {
    const charge = new Map<string, number>();
    for (const [unit, limit] of this.#limits)
      charge.set(unit, Math.min(limit, this.#amount(ask, unit, limit, guessed)));
    return charge;
  }

  /** An attempt is charged. */
  taken(ask: Priced): void {
    if (this.#unknown === PATIENCE) return;
    const isUnknown = (unit: string): boolean =>
      unit !== REQUESTS &&
      this.estimates.get(unit)?.mean === undefined &&
      this.#given(ask, unit) === undefined;
    const unknown = [...this.estimates.keys()].filter(isUnknown);
    if (unknown.length === 0) return;
    this.#unknown += 1;
    if (this.#unknown !== PATIENCE) return;
    const message = `The cost of attempts in ${unknown.map((unit) => `'${unit}'`).join(' and ')} is unknown, so each is charged a tenth of the limit. Give the quota a 'cost' or 'spent', or the call a 'cost'`;
    this.#warn('cost-unknown', message, this.#key);
  }

  /** The error if an attempt can never go; `undefined` if it can. */
  refusal(ask: Priced): CostError | undefined {
    for (const [unit, limit] of this.#limits) {
      const cost = this.#given(ask, unit) ?? 0;
      if (cost > limit) return new CostError(this.#key, unit, cost, limit);
    }
    return undefined;
  }

  /** Amounts that an outcome says were spent. */
  read(outcome: Outcome): Amounts | undefined {
    try {
      return this.#spent?.(outcome) ?? undefined;
    } catch (error) {
      // The body of some outcomes is unknown, or known only later.
      if (outcome.body !== undefined) this.#failed('spent', error);
      return undefined;
    }
  }

  /** Corrects an attempt's charge to the amounts spent; returns the difference by unit. */
  corrected(ask: Priced, charge: Charge, amounts: Amounts): [unit: string, by: number][] {
    const corrections: [string, number][] = [];
    for (const [unit, amount] of Object.entries(amounts)) {
      const charged = charge.get(unit);
      if (charged === undefined || !isAmount(amount)) continue;
      this.#learn(ask, unit, amount);
      charge.set(unit, amount);
      corrections.push([unit, amount - charged]);
    }
    return corrections;
  }

  #learn(ask: Priced, unit: string, spent: number): void {
    this.isCorrected = true;
    const estimate = this.estimates.get(unit);
    estimate?.learn(this.#given(ask, unit) ?? estimate.mean, spent);
  }

  #amount(ask: Priced, unit: string, limit: number, guessed: boolean): number {
    const { mean, margin, surprise } = this.estimates.get(unit) as Estimate;
    const expected = this.#mean(ask, unit, limit);
    const isUnknown = mean === undefined && this.#given(ask, unit) === undefined;
    if (unit === REQUESTS || isUnknown || !this.isCorrected) return expected;
    return expected * (guessed ? margin : surprise);
  }

  #mean(ask: Priced, unit: string, limit: number): number {
    const unknown = unit === REQUESTS ? 1 : limit * UNKNOWN_SHARE;
    return this.#given(ask, unit) ?? this.estimates.get(unit)?.mean ?? unknown;
  }

  /** Cost given in advance: by the call, else by the quota, else by the profile. */
  #given(ask: Priced, unit: string): number | undefined {
    ask.amounts ??= new Map();
    let amounts = ask.amounts.get(this);
    if (!amounts) {
      amounts = new Map();
      ask.amounts.set(this, amounts);
      for (const each of this.#limits.keys()) {
        const amount =
          this.#read(ask.cost, each, ask) ??
          this.#read(this.#costs, each, ask) ??
          this.#read(ask.usual, each, ask);
        if (amount !== undefined) amounts.set(each, amount);
      }
    }
    return amounts.get(unit);
  }

  #read(costs: Costs | undefined, unit: string, { request }: Priced): number | undefined {
    if (!costs || !Object.hasOwn(costs, unit)) return undefined;
    try {
      const cost = costs[unit];
      const amount = typeof cost === 'function' ? request && cost(request) : cost;
      if (amount === undefined || isAmount(amount)) return amount;
      throw new TypeError(
        `it returned ${typeof amount === 'number' ? amount : typeof amount}, not a number of 0 or more`,
      );
    } catch (error) {
      this.#failed('cost', error);
      return undefined;
    }
  }

  #failed(what: string, error: unknown): void {
    const why = error instanceof Error ? error.message : typeof error;
    this.#warn('cost-failed', `A '${what}' function failed and was ignored: ${why}`, this.#key);
  }
}

/** Whether it is an amount of a unit. */
function isAmount(amount: unknown): amount is number {
  return typeof amount === 'number' && amount >= 0 && amount < Infinity;
}
