import type { RateLimit } from '../classify/rate-limit.ts';
import { type RequestRoute, routeOf } from '../learning/outage/routes.ts';
import type { Charge } from '../ledger/windows.ts';
import type { Backoff } from '../policy/policy.ts';
import type { PauseCause } from '../words/causes.ts';
import type { Amounts, Outcome } from '../words/types.ts';
import type { Admitter, Asked, Closing, Drawn, Meant } from './admitter.ts';
import { Draws } from './draws.ts';
import type { Linked, LinkedList } from './linked-list.ts';

/** A gate that can count an attempt already under way. */
interface Sharing extends Admitter {
  include(permit: Permit): void;
}

type PermitState = 'held' | 'answered' | 'settled';

/**
 * The right to send one attempt, and the only door through which the attempt speaks to its gate. Settled
 * exactly once, whatever the outcome.
 */
export class Permit extends Draws implements Linked, Drawn {
  readonly ask: Asked;
  /** Moment at which it was taken. */
  readonly takenAt: number;
  /** Sequence number of the attempt within its quota. */
  readonly number: number;
  previous: Linked | undefined;
  next: Linked | undefined;
  list: LinkedList<Linked> | undefined;
  readonly charge: Charge | undefined;
  #state: PermitState = 'held';
  #answeredAt: number | undefined;
  #endedAt: number | undefined;
  /** Gates held while the body of this attempt's refusal is read. */
  #doubted: readonly Admitter[] | undefined;

  constructor(gate: Admitter, ask: Asked, takenAt: number, number: number, charge?: Charge) {
    super(gate);
    this.ask = ask;
    this.takenAt = takenAt;
    this.number = number;
    this.charge = charge;
  }

  /** Whether the head of its response has arrived. */
  get isAnswered(): boolean {
    return this.#answeredAt !== undefined;
  }

  override drawnAt(gate: Admitter): Drawn | undefined {
    return gate === this.gate ? this : super.drawnAt(gate);
  }

  get admitted(): boolean {
    return true;
  }

  /**
   * The head of a refusal arrived, which its body may revoke: its gates hold all attempts until the body is
   * read, which 0 reports. If the head names a bucket, only that gate does.
   */
  doubt(until: number, bucket?: string): void {
    if (this.#state === 'settled' || until > 0 === (this.#doubted !== undefined)) return;
    const named = this.named(bucket);
    const all = named ? [named] : [this.gate, ...this.also.map(({ gate }) => gate)];
    const gates = this.#doubted ?? all;
    this.#doubted = until > 0 ? gates : undefined;
    for (const gate of gates) gate.doubted(until);
  }

  /** The server answered, without refusing or failing. */
  served(request: RequestRoute, at?: number): void {
    this.gate.served(this.takenAt, request, at);
    for (const { gate, drawn } of this.also) if (drawn.admitted) gate.served(this.takenAt, request, at);
  }

  /**
   * The attempt ended in a fault; `call` identifies the call, `overload` says that excess load may be the
   * cause.
   */
  failed(call: unknown, request: RequestRoute, overload: boolean): void {
    const fault = { sentAt: this.takenAt, call, route: routeOf(request), overload };
    this.gate.failed(fault);
    // Overload is attributed to the narrowest quota alone; an outage may affect all of them.
    for (const { gate, drawn } of this.also) if (drawn.admitted) gate.failed({ ...fault, overload: false });
  }

  /**
   * The server refused at `at`: closes the quota that it refers to, by default the narrowest. Returns the
   * closing if its end moved.
   */
  throttled(
    retryAfterMs: number | undefined,
    cause: PauseCause,
    backoff: Backoff,
    meant: Meant = {},
    at?: number,
  ): Closing | undefined {
    const { url } = this.ask.request ?? {};
    const gate = this.meant(meant);
    const closing = gate.throttled(this.takenAt, retryAfterMs, cause, backoff, at);
    if (gate !== this.gate) this.gate.spared();
    for (const each of this.also) if (each.gate !== gate && each.drawn.admitted) each.gate.spared();
    // A server that names the exhausted quota means no other.
    const spreads = retryAfterMs !== undefined && this.named(meant.quota) === undefined;
    if (closing && url && spreads) gate.spread(url);
    return closing;
  }

  /** The server states what is left of its quotas: each statement goes to the quota or unit that it names. */
  heard(limits: readonly RateLimit[]): void {
    const also = this.also;
    if (also.length === 0) {
      this.gate.heard(this.number, limits);
      return;
    }
    const byGate = new Map<Admitter, RateLimit[]>();
    for (const limit of limits) {
      const gate = this.meant({ quota: limit.bucket ?? limit.name, unit: limit.unit });
      byGate.set(gate, [...(byGate.get(gate) ?? []), limit]);
    }
    for (const [gate, told] of byGate) {
      gate.heard(also.find((each) => each.gate === gate)?.drawn.number ?? this.number, told);
    }
  }

  /** The response's head arrived at `at`: its windows run from here. The attempt stays in flight. */
  answer(at: number): void {
    if (this.#state !== 'held') return;
    this.#state = 'answered';
    this.#answeredAt = at;
    this.gate.answered(this, at);
    for (const { gate, drawn } of this.also) gate.answered(drawn, at);
  }

  /** The attempt ended at `at`; without an earlier answer, it counts as answered now. */
  settle(at: number): void {
    if (this.#state === 'settled') return;
    this.together(() => {
      this.answer(at);
      this.doubt(0);
      this.#state = 'settled';
      this.#endedAt = at;
      this.gate.ended(this, at);
      for (const { gate, drawn } of this.also) gate.ended(drawn, at);
    }, at);
  }

  /** Corrects the charges to the amounts that each quota reads from the outcome. */
  spentBy(outcome: Outcome): void {
    this.#spentBy(outcome, this.gate, this);
    for (const { gate, drawn } of this.also) this.#spentBy(outcome, gate, drawn);
  }

  #spentBy(outcome: Outcome, gate: Admitter, drawn: Drawn): void {
    const amounts = drawn.charge && gate.read(outcome);
    if (amounts) gate.spent(drawn, this.ask, amounts, this.#answeredAt, this.#endedAt);
  }

  /** Corrects the charges to the amounts spent: an overcharge is free at once, an undercharge is owed. */
  spend(amounts: Amounts): void {
    if (this.#state === 'settled' && this.#endedAt === undefined) return;
    this.ask.priced?.(amounts);
    if (this.charge) this.gate.spent(this, this.ask, amounts, this.#answeredAt, this.#endedAt);
    for (const { gate, drawn } of this.also) {
      if (drawn.charge) gate.spent(drawn, this.ask, amounts, this.#answeredAt, this.#endedAt);
    }
  }

  /** Nothing was sent: the permit counts for nothing. */
  refund(): void {
    if (this.#state !== 'held') return;
    this.#state = 'settled';
    this.gate.refunded(this);
    for (const { gate, drawn } of this.also) gate.refunded(drawn);
  }

  /** The server says that the attempt also draws on this quota, which from now on learns of its outcome. */
  drawOn(gate: Sharing): void {
    if (this.#state === 'settled' || this.drawsOn(gate)) return;
    gate.include(this);
    const drawn = this.also.at(-1)?.drawn;
    if (this.#answeredAt !== undefined && drawn) gate.answered(drawn, this.#answeredAt);
  }

  /** The attempt counts at this gate as well, from now on. */
  countAt(gate: Admitter): void {
    if (this.#state === 'settled' || this.drawsOn(gate)) return;
    this.add(gate, gate.joined(this.takenAt, this.ask, this.#state === 'answered'));
  }
}
