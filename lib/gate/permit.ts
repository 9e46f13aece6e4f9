import type { RateLimit } from '../classify/rate-limit.ts';
import { type RequestRoute, routeOf } from '../learning/outage/routes.ts';
import type { Charge } from '../ledger/windows.ts';
import type { Backoff } from '../policy/policy.ts';
import type { PauseCause } from '../words/causes.ts';
import { ACCOUNT, type Amounts, type Outcome } from '../words/types.ts';
import type { Admitter, Asked, Closing, Drawn, Meant } from './admitter.ts';
import type { Line, Linked } from './queue.ts';

/** Another quota of an attempt, and what it keeps. */
interface Also {
  readonly gate: Admitter;
  readonly drawn: Drawn;
}

type PermitState = 'held' | 'answered' | 'settled';

/**
 * The right to send one attempt, and the only door through which the attempt speaks to its gate. Settled exactly once, whatever
 * becomes of the attempt.
 */
export class Permit implements Linked, Drawn {
  readonly gate: Admitter;
  readonly ask: Asked;
  /** Moment of its taking. */
  readonly takenAt: number;
  /** Number of the attempt among those of its quota. */
  readonly number: number;
  previous: Linked | undefined;
  next: Linked | undefined;
  line: Line<Linked> | undefined;
  readonly charge: Charge | undefined;
  #state: PermitState = 'held';
  #answeredAt: number | undefined;
  #endedAt: number | undefined;
  /** Gates that are held while a refusal of this attempt is read. */
  #doubted: readonly Admitter[] | undefined;
  #also: Also[] | undefined;

  constructor(gate: Admitter, ask: Asked, takenAt: number, number: number, charge?: Charge) {
    this.gate = gate;
    this.ask = ask;
    this.takenAt = takenAt;
    this.number = number;
    this.charge = charge;
  }

  get admitted(): boolean {
    return true;
  }

  /** A quota of the attempt was removed by an update. */
  get retired(): boolean {
    return this.gate.retired || this.#also?.some(({ gate }) => gate.retired) === true;
  }

  /** Tells several facts as one: each gate moves its queue on when all of them are known. */
  together<T>(tell: () => T): T {
    let all = tell;
    for (const { gate } of this.#also ?? []) {
      const inner = all;
      all = () => gate.together(inner);
    }
    return this.gate.together(all);
  }

  /** The first attempt of a call goes: what it adds to the quota's retry budget. */
  deposit(share: number): void {
    this.gate.budget.deposit(share);
  }

  /** Takes one retry from the quota's budget; false when none is left. */
  withdraw(share: number): boolean {
    return this.gate.withdraw(share);
  }

  /** ms until all its quotas are open; 0 when they are. */
  reopensIn(now: number): number {
    const ms = this.gate.reopensIn(now);
    return this.#also ? this.#also.reduce((most, { gate }) => Math.max(most, gate.reopensIn(now)), ms) : ms;
  }

  /** ms until the next probe, if the server of one of its quotas is out. */
  probeIn(now: number): number | undefined {
    const all = [this, ...(this.#also ?? [])].flatMap(({ gate }) => gate.probeIn(now) ?? []);
    return all.length > 0 ? Math.max(...all) : undefined;
  }

  /** An error's head came whose body may tell of a refusal: what the answer frees goes on once it is read, or in 1 ms. */
  unread(): void {
    this.gate.unread();
    for (const { gate } of this.#also ?? []) gate.unread();
  }

  /** The head of a refusal came, which its body may take back: nothing goes until that is read, which 0 says. */
  doubt(until: number): void {
    if (this.#state === 'settled' || until > 0 === (this.#doubted !== undefined)) return;
    const gates = this.#doubted ?? [this.gate, ...(this.#also ?? []).map(({ gate }) => gate)];
    this.#doubted = until > 0 ? gates : undefined;
    for (const gate of gates) gate.doubted(until);
  }

  /** The server answered, and neither refused nor failed. */
  served(request: RequestRoute, at?: number): void {
    this.gate.served(this.takenAt, request, at);
    for (const { gate, drawn } of this.#also ?? [])
      if (drawn.admitted) gate.served(this.takenAt, request, at);
  }

  /** The attempt failed for a fault; `call` tells calls apart, `overload` says that it may tell of too much load. */
  failed(call: unknown, request: RequestRoute, overload: boolean): void {
    this.gate.failed({ sentAt: this.takenAt, call, route: routeOf(request), overload });
  }

  /**
   * The server refused, at `at`: the quota that it means closes, by default the narrowest. Returns the closing, if this moved
   * its end.
   */
  throttled(
    retryAfterMs: number | undefined,
    cause: PauseCause,
    backoff: Backoff,
    meant: Meant = {},
    at?: number,
  ): Closing | undefined {
    const gate = this.#meant(meant);
    const closing = gate.throttled(this.takenAt, retryAfterMs, cause, backoff, at);
    const account = meant.quota === ACCOUNT;
    const { url } = this.ask.request ?? {};
    if (closing && url && (account || retryAfterMs !== undefined)) gate.spread(url, account);
    return closing;
  }

  /** The server states what is left of its quotas: each is told what names it or its unit. */
  heard(limits: readonly RateLimit[]): void {
    const also = this.#also;
    if (!also) {
      this.gate.heard(this.number, limits);
      return;
    }
    const byGate = new Map<Admitter, RateLimit[]>();
    for (const limit of limits) {
      const gate = this.#meant({ quota: limit.bucket ?? limit.name, unit: limit.unit });
      byGate.set(gate, [...(byGate.get(gate) ?? []), limit]);
    }
    for (const [gate, told] of byGate) {
      gate.heard(also.find((each) => each.gate === gate)?.drawn.number ?? this.number, told);
    }
  }

  /** The response's head came at `at`: from here its windows run. The attempt stays in flight. */
  answer(at: number): void {
    if (this.#state !== 'held') return;
    this.#state = 'answered';
    this.#answeredAt = at;
    this.gate.answered(this, at);
    for (const { gate, drawn } of this.#also ?? []) gate.answered(drawn, at);
  }

  /** The attempt is over, at `at`; without an answer before, it counts as answered now. */
  settle(at: number): void {
    if (this.#state === 'settled') return;
    this.together(() => {
      this.answer(at);
      this.doubt(0);
      this.#state = 'settled';
      this.#endedAt = at;
      this.gate.ended(this, at);
      for (const { gate, drawn } of this.#also ?? []) gate.ended(drawn, at);
    });
  }

  /** Whether a quota reads from the outcome what was spent. */
  get readsSpent(): boolean {
    return this.gate.readsSpent || this.#also?.some(({ gate }) => gate.readsSpent) === true;
  }

  /** What was spent, as the outcome tells it to each quota. */
  spentBy(outcome: Outcome): void {
    const of = (gate: Admitter, drawn: Drawn): void => {
      const amounts = drawn.charge && gate.read(outcome);
      if (amounts) gate.spent(drawn, this.ask, amounts, this.#answeredAt, this.#endedAt);
    };
    of(this.gate, this);
    for (const { gate, drawn } of this.#also ?? []) of(gate, drawn);
  }

  /** What was spent: what was charged too much is free at once, what was too little is owed. */
  spend(amounts: Amounts): void {
    if (this.#state === 'settled' && this.#endedAt === undefined) return;
    if (this.charge) this.gate.spent(this, this.ask, amounts, this.#answeredAt, this.#endedAt);
    for (const { gate, drawn } of this.#also ?? []) {
      if (drawn.charge) gate.spent(drawn, this.ask, amounts, this.#answeredAt, this.#endedAt);
    }
  }

  /** Nothing was sent: the permit counts for nothing. */
  refund(): void {
    if (this.#state !== 'held') return;
    this.#state = 'settled';
    this.gate.refunded(this);
    for (const { gate, drawn } of this.#also ?? []) gate.refunded(drawn);
  }

  /** The quota that the server means. */
  #meant({ quota, unit }: Meant): Admitter {
    if (!this.#also || (quota === undefined && unit === undefined)) return this.gate;
    const gates = [this.gate, ...this.#also.filter(({ drawn }) => drawn.admitted).map(({ gate }) => gate)];
    return (
      gates.find(({ key, base }) => key === quota || base === quota) ??
      gates.find((gate) => unit !== undefined && gate.counts(unit)) ??
      this.gate
    );
  }

  /** @internal The attempt draws on this quota as well. */
  add(gate: Admitter, drawn: Drawn): void {
    this.#also ??= [];
    this.#also.push({ gate, drawn });
  }

  /** The attempt counts at this gate as well, from now on. */
  countAt(gate: Admitter): void {
    if (this.#state === 'settled' || gate === this.gate || this.#also?.some((also) => also.gate === gate))
      return;
    this.add(gate, gate.joined(this.takenAt, this.ask, this.#state === 'answered'));
  }
}
