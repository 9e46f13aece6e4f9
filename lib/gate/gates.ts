import { Alarm } from '../time/alarm.ts';
import type { QuotaSnapshot } from '../words/snapshot.ts';
import type { QuotaRef } from '../words/types.ts';
import type { GateContext } from './context.ts';
import { Gate } from './gate.ts';

/** Quotas remembered at once; beyond it, those that are idle are forgotten, the longest unused first. */
const MOST_GATES = 10_000;
/** How many old quotas are looked at when one is to be forgotten. */
const LOOK = 32;
/** It is looked so often whether quotas that nobody draws on any more can be forgotten, in ms. */
const LOOK_MS = 1000;

/** All gates of one `headgate()`, one per quota key. */
export class Gates {
  readonly #context: GateContext;
  /** In the order of their last use. */
  readonly #gates = new Map<string, Gate>();
  /** Those of quotas that are none any more. */
  readonly #retired = new Set<Gate>();
  /** Those whose waiters go on elsewhere once a pause is over. */
  readonly #leaving = new Set<Gate>();
  readonly #look: Alarm;

  constructor(context: GateContext) {
    this.#context = {
      ...context,
      resumed: (quota, ...why) => {
        context.resumed(quota, ...why);
        const gate = this.#gates.get(quota);
        if (gate && this.#leaving.delete(gate)) move(gate);
      },
    };
    this.#look = new Alarm(context.schedule, false, () => this.#forgetRetired());
  }

  of(ref: QuotaRef): Gate {
    let gate = this.#gates.get(ref.key);
    if (gate?.retired) this.#revive(gate, ref);
    if (gate && this.#gates.size < MOST_GATES) return gate;
    if (gate) this.#gates.delete(ref.key);
    else gate = this.#make(ref);
    this.#gates.set(ref.key, gate);
    if (this.#gates.size > MOST_GATES) this.#forget();
    return gate;
  }

  get(key: string): Gate | undefined {
    return this.#gates.get(key);
  }

  /** The limits of this quota are these from now on. */
  relimit(ref: QuotaRef): void {
    const gate = this.#gates.get(ref.key);
    if (!gate) return;
    this.#leaving.delete(gate);
    this.#revive(gate, ref);
  }

  /**
   * This quota is none any more. Who waits goes on at the gate that he has to pass now; after a pause, where there is
   * one, as it is the server that asked for it. What is in use counts on, should the quota come back.
   */
  retire(key: string): void {
    const gate = this.#gates.get(key);
    if (!gate) return;
    gate.retired = true;
    this.#retired.add(gate);
    if (!this.#look.isSet) this.#lookLater();
    if (gate.reopensIn(this.#context.clock.now()) > 0) this.#leaving.add(gate);
    else move(gate);
  }

  snapshot(): QuotaSnapshot[] {
    const all = [...this.#gates.values()].map((gate) => ({ gate, shown: gate.snapshot() }));
    return all
      .filter(({ gate, shown }) => !gate.retired || shown.inFlight + shown.queued > 0)
      .map(({ shown }) => shown);
  }

  async close(error: Error): Promise<void> {
    this.#look.clear();
    await Promise.all([...this.#gates.values()].map((gate) => gate.close(error)));
  }

  #make(ref: QuotaRef): Gate {
    this.#context.ledger.recall?.(ref.key);
    return new Gate(ref, this.#context);
  }

  #revive(gate: Gate, ref: QuotaRef): void {
    gate.retired = false;
    this.#retired.delete(gate);
    gate.relimit(ref);
  }

  #forget(): void {
    const now = this.#context.clock.now();
    let looked = 0;
    for (const gate of this.#gates.values()) {
      const idle = gate.idle(now);
      if (idle) this.#remove(gate);
      looked += 1;
      if (idle || looked === LOOK) return;
    }
  }

  #lookLater(): void {
    this.#look.set(this.#context.clock.now() + LOOK_MS);
  }

  #forgetRetired(): void {
    const now = this.#context.clock.now();
    for (const gate of this.#retired) if (gate.idle(now)) this.#remove(gate);
    if (this.#retired.size > 0) this.#lookLater();
  }

  #remove(gate: Gate): void {
    this.#gates.delete(gate.key);
    this.#retired.delete(gate);
    this.#leaving.delete(gate);
    void gate.close(new Error('forgotten'));
  }
}

/** All who wait there go on elsewhere. */
function move(gate: Gate): void {
  for (const place of gate.vacate()) place.ask.move(place);
}
