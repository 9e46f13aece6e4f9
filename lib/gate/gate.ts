import type { Charge } from '../ledger/windows.ts';
import { Alarm } from '../time/alarm.ts';
import { CLOCK_GRAIN_MS } from '../time/clock.ts';
import type { Asked } from './admitter.ts';
import { Bookkeeper } from './bookkeeper.ts';
import type { Lane } from './lane.ts';
import { Passage, type PassageGate } from './passage.ts';
import { Permit } from './permit.ts';
import type { Ask, Place } from './place.ts';
import { Rota } from './rota.ts';

/** Number of moves between its gates after which a lane gets what it needs reserved. */
const PATIENCE = 16;

/** Shared empty set for gates at which nothing has waited yet. */
const NO_LANES: Set<Lane> = new Set();

/**
 * The gate of one quota: admits attempts in order, as the quota allows.
 *
 * An uncontended permit is granted synchronously. Otherwise the attempt gets a {@link Place} in a lane, and
 * one rule moves lanes on: {@link Quota.turnAt}, the earliest moment at which the next attempt may go. A lane
 * through several gates waits at a gate that holds its first attempt; when that gate opens but another holds
 * the attempt, the lane moves there.
 */
export class Gate extends Bookkeeper implements PassageGate {
  // As LaneGate:
  queued = 0;
  kept: Lane | undefined;
  // Created on demand: there may be a hundred thousand gates, few of which need these.
  #passage: Passage<Gate> | undefined;
  #lanes: Set<Lane> = NO_LANES;
  /** Lanes that wait here. */
  #rota: Rota | undefined;
  /** Rings when the first in line may go. */
  #wake: Alarm | undefined;
  #pumping: 'no' | 'yes' | 'again' = 'no';

  /** The passage for attempts that draw on this quota only. */
  get passage(): Passage<Gate> {
    this.#passage ??= new Passage<Gate>([this], this.context);
    return this.#passage;
  }

  get isFirst(): boolean {
    return this.#passage !== undefined;
  }

  /**
   * A permit or a place in line; `from` is a place to move here. Throws `QueueFullError`, or `ask.late` if
   * the wait would exceed the deadline.
   */
  acquire(ask: Ask, now: number = this.context.clock.now(), from?: Place): Permit | Place {
    return this.passage.acquire(ask, now, from);
  }

  /** True when nothing would be lost by forgetting this quota. */
  idle(now: number): boolean {
    return this.queued === 0 && this.quota.idle(now);
  }

  /** Removes all waiting attempts and returns their places, in order. */
  vacate(): Place[] {
    return [...this.#lanes].flatMap((lane) => lane.vacate()).sort((a, b) => a.number - b.number);
  }

  // As PassageGate and LaneGate:
  get lanes(): Set<Lane> {
    if (this.#lanes === NO_LANES) this.#lanes = new Set();
    return this.#lanes;
  }

  arrive(ask: Ask, now: number): void {
    if (this.reopening?.isSet && now >= this.quota.pause.opensAt) this.reopen();
    this.#meet(ask);
    const { failure } = this.quota.windows;
    if (failure) throw failure;
    const refusal = this.quota.refusal(ask);
    if (refusal) throw refusal;
  }

  clear(ask: Ask, now: number): boolean {
    const quota = this.quota;
    if (this.waiting === 0 && !this.kept && quota.turnAt(now, quota.charge(ask)) <= now) return true;
    return quota.exempts(ask.request, now, quota.charge(ask));
  }

  lets(lane: Lane, ask: Ask, now: number): boolean {
    if (this.telling > 0 || this.isUnread || !this.#isFor(lane)) return false;
    if (this.#rota && !this.#rota.yields(lane)) return false;
    return this.quota.turnAt(now, this.quota.charge(ask)) <= now;
  }

  expectedAt(count: number, ask: Ask, now: number): number {
    return this.quota.expectedAt(count, now, this.quota.charge(ask));
  }

  holds(count: number, now: number): boolean {
    return this.quota.holds(count, now);
  }

  take(ask: Ask, now: number): Permit {
    const charge = this.quota.charge(ask);
    this.#departs(ask, charge);
    const permit = new Permit(this, ask, now, this.quota.take(now, charge), charge);
    this.context.inUse.push(permit);
    return permit;
  }

  share(permit: Permit, ask: Ask): void {
    const { takenAt } = permit;
    const charge = this.quota.charge(ask);
    this.#departs(ask, charge);
    permit.add(this, { takenAt, number: this.quota.take(takenAt, charge), admitted: true, charge });
  }

  /** The server says that an attempt already under way draws on this quota too. */
  include(permit: Permit): void {
    const { ask, takenAt } = permit;
    this.#meet(ask);
    const charge = this.quota.charge(ask);
    permit.add(this, { takenAt, number: this.quota.take(takenAt, charge), admitted: true, charge });
  }

  override close(error: Error): Promise<void> {
    this.#wake?.clear();
    return super.close(error);
  }

  receive(lane: Lane, now: number): void {
    this.#rota ??= new Rota();
    this.#rota.add(lane);
    lane.at = this;
    this.pump(now);
  }

  reorder(lane: Lane): void {
    if (lane.length > 0) this.#rota?.sort(lane);
    else this.#release(lane);
  }

  pump(now: number = this.context.clock.now()): void {
    if (this.telling > 0) return;
    if (this.#pumping !== 'no') {
      this.#pumping = 'again';
      return;
    }
    do {
      this.#pumping = 'yes';
      this.#move(now);
    } while ((this.#pumping as string) === 'again');
    this.#pumping = 'no';
  }

  /** Number of queued attempts, or 0 if this quota holds none of them. */
  protected get waiting(): number {
    return this.#rota?.next ? this.queued : 0;
  }

  /** Charge of the first waiting attempt. */
  get #typical(): Charge | undefined {
    if (this.queued === 0 || !this.quota.tariff) return undefined;
    const lane: Lane | undefined = this.#rota?.next ?? this.#lanes.values().next().value;
    return lane?.first && this.quota.charge(lane.first.ask);
  }

  /** Whether no other lane has a prior reservation here. */
  #isFor(lane: Lane): boolean {
    return this.kept === undefined || this.kept === lane || this.kept.precedes(lane) === false;
  }

  #departs(ask: Ask, charge: Charge | undefined): void {
    if (charge) this.quota.charged(ask);
    if (this.#rota?.next) this.#rota.departs(ask.priority, ask.flow, this.quota.share(charge));
  }

  #meet({ request }: Asked): void {
    if (this.url !== undefined || !request) return;
    this.url = request.url;
  }

  #release(lane: Lane): void {
    this.#rota?.remove(lane);
    lane.at = undefined;
  }

  /** Admits one waiting attempt that an outage does not hold, if any. Returns when to look again. */
  #exemptOne(now: number): number {
    const turn = this.quota.exemptAt(now);
    if (turn > now) return turn;
    for (const lane of this.#rota ?? []) {
      const place = lane.find((ask) =>
        lane.gates.every((gate) =>
          gate === this
            ? this.quota.exempts(ask.request, now, this.quota.charge(ask))
            : gate.lets(lane, ask, now),
        ),
      );
      if (!place) continue;
      lane.grant(place, now);
      return this.quota.exemptAt(now);
    }
    return Infinity;
  }

  #move(now: number): void {
    const earliest = this.isUnread ? now + CLOCK_GRAIN_MS : now;
    this.isUnread = false;
    this.#demand();
    const turn = this.#admit(now, earliest);
    const exempt = this.waiting > 0 && earliest === now ? this.#exemptOne(now) : Infinity;
    if (this.queued === 0) this.quota.pause.cleared();
    this.#lookAt(Math.min(turn, exempt));
  }

  /** Leases permits for the queue; rejects the queue if none can be had. */
  #demand(): void {
    const { windows } = this.quota;
    windows.want(this.queued, this.#typical);
    const failure = this.queued > 0 ? windows.failure : undefined;
    if (failure) this.dismiss(() => failure);
  }

  /**
   * Admits waiting attempts in order, none before `earliest`. Returns when the next may go; `Infinity` if that depends on an
   * event.
   */
  #admit(now: number, earliest: number): number {
    const { pause } = this.quota;
    for (let lane = this.#rota?.next; lane; lane = this.#rota?.next) {
      const place = lane.first as Place;
      const turn = Math.max(earliest, this.quota.turnAt(now, this.quota.charge(place.ask)));
      if (turn > now) return turn;
      if (!this.#isFor(lane)) break;
      if (this.#movesOn(lane, place, now)) continue;
      lane.grant(place, now);
      pause.released();
    }
    return Infinity;
  }

  #lookAt(turn: number): void {
    if (this.waiting > 0) {
      this.#wake ??= new Alarm(this.schedule, true, () => this.#awake());
      this.#wake.set(turn);
    } else this.#wake?.clear();
  }

  /** If another quota holds the lane's first attempt, moves the lane to that gate. */
  #movesOn(lane: Lane, { ask }: Place, now: number): boolean {
    if (lane.gates.length === 1) return false;
    const holding = lane.gates.find((gate) => gate !== this && !gate.lets(lane, ask, now));
    if (!holding) return false;
    this.#release(lane);
    lane.bounces += 1;
    // After many moves a lane reserves what it needs; otherwise smaller attempts could take it here every
    // time.
    const kept = lane.bounces > PATIENCE && holding.reopensIn(now) === 0;
    if (kept && (!this.kept || lane.precedes(this.kept))) this.kept = lane;
    holding.receive(lane, now);
    return true;
  }

  protected dismiss(why: (ask: Ask) => Error | undefined): void {
    for (const lane of [...this.#lanes]) lane.dismiss(why);
  }

  protected dismissBefore(until: number, now: number): void {
    for (const lane of [...this.#lanes]) {
      lane.relax();
      lane.dismissBefore(until, now);
    }
  }

  #awake(): void {
    if (this.reopening?.isSet && this.now() >= this.quota.pause.opensAt) this.reopen();
    else this.pump();
  }
}
