import type { Gate } from './gate.ts';
import type { Line, Linked, Queueable } from './queue.ts';

type PermitState = 'held' | 'answered' | 'settled';

/** The right to send one attempt. Settled exactly once, whatever becomes of the attempt. */
export class Permit implements Linked {
  readonly gate: Gate;
  readonly ask: Ask;
  /** Moment of its taking. */
  readonly takenAt: number;
  /** Number of the attempt among those of its quota. */
  readonly number: number;
  previous: Linked | undefined;
  next: Linked | undefined;
  line: Line<Linked> | undefined;
  #state: PermitState = 'held';
  /** Other quotas that count the attempt: those that an update makes it draw on. */
  #also: Gate[] | undefined;

  constructor(gate: Gate, ask: Ask, takenAt: number, number: number) {
    this.gate = gate;
    this.ask = ask;
    this.takenAt = takenAt;
    this.number = number;
  }

  /** The response's head came at `at`: from here its windows run. The attempt stays in flight. */
  answer(at: number): void {
    if (this.#state !== 'held') return;
    this.#state = 'answered';
    this.gate.answered(this, at);
    for (const gate of this.#also ?? []) gate.answered(this, at);
  }

  /** The attempt is over, at `at`; without an answer before, it counts as answered now. */
  settle(at: number): void {
    if (this.#state === 'settled') return;
    this.gate.together(() => {
      this.answer(at);
      this.#state = 'settled';
      this.gate.ended(this, at);
      for (const gate of this.#also ?? []) gate.ended(this, at);
    });
  }

  /** Nothing was sent: the permit counts for nothing. */
  refund(): void {
    if (this.#state !== 'held') return;
    this.#state = 'settled';
    this.gate.refunded(this);
    for (const gate of this.#also ?? []) gate.refunded(this);
  }

  /** The attempt counts at this gate as well, from now on. */
  countAt(gate: Gate): void {
    if (this.#state === 'settled' || gate === this.gate || this.#also?.includes(gate)) return;
    this.#also ??= [];
    this.#also.push(gate);
    gate.joined(this, this.#state === 'answered');
  }
}

/** What an attempt asks the gate for. */
export interface Ask {
  readonly priority: number;
  /** True for a resend, which goes ahead of new calls. */
  readonly resend: boolean;
  /** Moment by which the call must end; `Infinity` for none. */
  readonly deadlineAt: number;
  /** What of its request tells its route: asked for only while the server seems out. */
  readonly request?: { readonly method: string; readonly url: URL } | undefined;
  /** What to reject with, when the wait cannot end before the deadline; `waitMs` is the wait needed. */
  late(waitMs: number): Error;
  /** The gate of the declared quota that its request draws on now; absent if it draws on none. */
  declaredGate?(): Gate | undefined;
  /** Its quota is none any more, and it stands nowhere: to go on at the gate that it has to pass now. Never throws. */
  move(place: Place): void;
}

/** A place in a gate's queue. */
export class Place implements Queueable {
  readonly ask: Ask;
  readonly priority: number;
  readonly resend: boolean;
  previous: Linked | undefined;
  next: Linked | undefined;
  line: Line<Linked> | undefined;
  readonly permit: Promise<Permit>;
  /** Least wait that was to be expected on arrival, in ms. */
  // Not 0 at first: the engine would keep the number that comes later in a box of 16 B.
  expectedMs!: number;
  /** False where only the ledger's answer is waited for, which comes in no time. */
  held!: boolean;
  #gate: Gate | undefined;
  #resolve!: (permit: Permit) => void;
  #reject!: (error: Error) => void;

  constructor(ask: Ask) {
    this.ask = ask;
    this.priority = ask.priority;
    this.resend = ask.resend;
    this.permit = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** @internal It is at this gate from now on. */
  stand(gate: Gate, expectedMs: number, held: boolean): void {
    this.#gate = gate;
    this.expectedMs = expectedMs;
    this.held = held;
  }

  /** @internal */
  grant(permit: Permit): void {
    this.#resolve(permit);
  }

  /** @internal */
  refuse(error: Error): void {
    this.#reject(error);
  }

  /** Gives the place up: its promise rejects with `error`. Nothing, once a permit was granted. */
  leave(error: Error): void {
    if (this.#gate?.left(this)) this.#reject(error);
  }
}
