import type { Admitter, Drawn, Meant } from './admitter.ts';

/** A further quota of an attempt, and its record of the attempt. */
interface Also {
  readonly gate: Admitter;
  readonly drawn: Drawn;
}

/** Shared empty list for attempts that draw on one quota only. */
const NONE: readonly Also[] = [];

/** The quotas that one attempt draws on. */
export abstract class Draws {
  /** Gate of the quota that applies first. */
  readonly gate: Admitter;
  /** The attempt's other quotas. */
  protected also: readonly Also[] = NONE;

  constructor(gate: Admitter) {
    this.gate = gate;
  }

  /** Whether an update removed one of the attempt's quotas. */
  get retired(): boolean {
    return this.gate.retired || this.also.some(({ gate }) => gate.retired);
  }

  /** Reports several facts as one: each gate moves its queue on once all of them are known. */
  together<T>(tell: () => T, now?: number): T {
    let all = tell;
    for (const { gate } of this.also) {
      const inner = all;
      all = () => gate.together(inner, now);
    }
    return this.gate.together(all, now);
  }

  /** A call's first attempt is sent: adds `share` to the quota's retry budget. */
  deposit(share: number): void {
    this.gate.budget.deposit(share);
  }

  /** Takes one retry from the quota's budget; false if none is left. */
  spendRetry(share: number): boolean {
    return this.gate.spendRetry(share);
  }

  /** ms until all its quotas are open; 0 if they are. */
  reopensIn(now: number): number {
    const ms = this.gate.reopensIn(now);
    return this.also.reduce((most, { gate }) => Math.max(most, gate.reopensIn(now)), ms);
  }

  /** ms until the next probe, if the server of one of its quotas is out. */
  probeIn(now: number): number | undefined {
    const all = [this, ...this.also].flatMap(({ gate }) => gate.probeIn(now) ?? []);
    return all.length > 0 ? Math.max(...all) : undefined;
  }

  /**
   * The head of an error arrived whose body may reveal a refusal: what the answer frees is reused once the
   * body is read, or after 1 ms.
   */
  unread(): void {
    this.gate.unread();
    for (const { gate } of this.also) gate.unread();
  }

  /** Whether one of its quotas reads the amounts spent from the outcome. */
  get readsSpent(): boolean {
    return this.gate.readsSpent || this.also.some(({ gate }) => gate.readsSpent);
  }

  /** Whether the attempt counts at this gate. */
  drawsOn(gate: Admitter): boolean {
    return gate === this.gate || this.also.some((also) => also.gate === gate);
  }

  /** This gate's record of the attempt; absent if it does not count there. */
  drawnAt(gate: Admitter): Drawn | undefined {
    return this.also.find((also) => also.gate === gate)?.drawn;
  }

  /** The gate whose key, declaration or server bucket has this name. */
  named(name: string | undefined): Admitter | undefined {
    if (name === undefined) return undefined;
    const is = ({ key, base, bucket }: Admitter): boolean => key === name || base === name || bucket === name;
    if (is(this.gate)) return this.gate;
    return this.also.find(({ gate, drawn }) => drawn.admitted && is(gate))?.gate;
  }

  /** @internal The attempt draws on this quota as well. */
  add(gate: Admitter, drawn: Drawn): void {
    this.also = [...this.also, { gate, drawn }];
  }

  /** The gate that an answer refers to: by name, else by unit, else the narrowest. */
  protected meant({ quota, unit }: Meant): Admitter {
    const { gate: first, also } = this;
    if (also === NONE || (quota === undefined && unit === undefined)) return first;
    const named = this.named(quota);
    if (named || unit === undefined || first.counts(unit)) return named ?? first;
    return also.find(({ gate, drawn }) => drawn.admitted && gate.counts(unit))?.gate ?? first;
  }
}
