import type { LearnedCause } from '../../words/causes.ts';
import type { LearnedQuota } from '../../words/learned.ts';
import { patience } from '../probe.ts';
import { Aimd } from './aimd.ts';
import { Overload } from './overload.ts';
import { lessened, Refusals } from './refusals.ts';
import type { Ruling } from './ruling.ts';
import { Saturation } from './saturation.ts';

/**
 * The number of attempts that may be in flight: one limit, unlimited until one of three witnesses speaks. {@link Overload} sees
 * faults, {@link Saturation} the throughput, and {@link Refusals} 429s without Retry-After.
 *
 * If several processes share the quota, each has its own limit. One that refusals showed starts as its share; a refusal may then
 * be due to another process's growth: a process that has just grown takes that back, and one that is refused at its limit lowers
 * it by one.
 */
export class FlightLimit {
  /** Created once there is a limit. */
  #aimd: Aimd | undefined;
  /** Each created when it may first have something to say. */
  #overload: Overload | undefined;
  #saturation: Saturation | undefined;
  #refusals: Refusals | undefined;
  /** Whether refusals showed the limit. */
  #refused = false;
  /** Number of processes among which it is divided; 0 if that is unknown. */
  #sharers = 0;

  /** Maximum number of attempts in flight; `Infinity` if unknown. */
  get limit(): number {
    return this.#aimd?.limit ?? Infinity;
  }

  /** Whether refusals showed it: then it is known what the server refuses. */
  get refused(): boolean {
    return this.#refused;
  }

  /** Whether refusals may show one. */
  get refusable(): boolean {
    return this.#refusals?.possible ?? true;
  }

  /** Restores what an earlier run knew. */
  recall({ concurrency = Infinity, inFlight = Infinity }: LearnedQuota, now: number): void {
    if (Math.min(concurrency, inFlight) === Infinity) return;
    this.#level.settle(now, Math.min(concurrency, inFlight), false);
    this.#refused = inFlight < Infinity;
  }

  /** State from which another run can continue; `undefined` if there is no limit. */
  get record(): Pick<LearnedQuota, 'concurrency' | 'inFlight'> | undefined {
    const limit = this.#overload?.tried ?? this.limit;
    if (limit === Infinity) return undefined;
    return this.#refused ? { inFlight: limit } : { concurrency: limit };
  }

  /** Earliest moment at which another attempt may go; the last was sent at `takenAt`, and those in flight may be stuck. */
  turnAt(now: number, inFlight: number, takenAt: number, tripMs: number): number {
    return inFlight < this.limit ? now : takenAt + patience(tripMs);
  }

  /**
   * An attempt was served, with `inFlight` in flight (itself included) and `waiting` queued. Returns why the limit changed, if
   * that is a finding.
   */
  served(now: number, sentAt: number, inFlight: number, waiting: number): LearnedCause | undefined {
    if (this.#overload && this.#ended(now, sentAt, inFlight, false)) return this.#finding;
    if (this.#testing || inFlight < this.limit || !this.#level.served(now, waiting, this.#refused))
      return undefined;
    this.#refusals?.grew();
    // A process's share of a limit is not a finding.
    return this.#refused && this.#sharers < 2 ? 'probe' : undefined;
  }

  /** An attempt failed, through overload or by chance. Returns as {@link served} does. */
  failed(now: number, sentAt: number, inFlight: number): LearnedCause | undefined {
    this.#overload ??= new Overload();
    return this.#ended(now, sentAt, inFlight, true) ? this.#finding : undefined;
  }

  /** An attempt was served while no window was known: do more in flight bring more? Returns as {@link served} does. */
  watch(now: number, inFlight: number, waiting: number): LearnedCause | undefined {
    if (waiting > 0) this.#saturation ??= new Saturation();
    const ruling = this.#saturation?.served(now, inFlight, waiting, this.limit);
    if (!ruling) return undefined;
    this.#heed(now, ruling);
    return this.#finding;
  }

  /**
   * An attempt was refused with a 429 without Retry-After. Returns true if that shows only that the last growth was too large
   * or, if the quota is shared with other processes, that too many are in flight at the moment.
   */
  resends(now: number, sentAt: number): boolean {
    if (!this.#refused) return false;
    if (this.#level.grown) this.crowded(now);
    else if (sentAt > this.#level.changedAt) {
      if (this.#sharers < 2 || !this.#refusals?.yields()) return false;
      this.#cut(now, Math.max(1, this.limit - 1));
    }
    return true;
  }

  /** Too many are in flight, as a refusal here or in another process showed: takes the last growth back. */
  crowded(now: number): void {
    if (!this.#refused) return;
    this.#level.discourage();
    if (this.#level.grown) this.#cut(now, 0);
  }

  /**
   * A quota closed without Retry-After reopened after `ms`; `inService` attempts were in service when it closed. Returns true if
   * a limit of attempts in flight explains it.
   */
  reopened(ms: number, inService: number, tripMs: number): boolean {
    this.#refusals ??= new Refusals();
    const explained = this.#refusals.explain(ms, inService, tripMs, this.#refused);
    if (explained)
      this.#set(this.#refused ? lessened(this.limit, inService) : Math.min(this.limit, inService));
    else if (!this.#refusals.possible) this.#drop();
    this.#refused ||= explained;
    return explained;
  }

  /** `sharers` processes share the quota: each one's share of the limit changes as they come and go. */
  share(sharers: number): void {
    if (sharers === this.#sharers) return;
    if (this.#sharers > 0 && this.limit < Infinity)
      this.#set(Math.max(1, Math.floor((this.limit * this.#sharers) / sharers)));
    this.#sharers = sharers;
  }

  /** The processes that share the quota agreed on a limit in all; `Infinity` if they found none. */
  agree(limit: number, sharers: number): void {
    this.#sharers = sharers;
    if (limit === Infinity) {
      this.#drop();
      return;
    }
    this.#refusals ??= new Refusals();
    this.#refusals.confirmed();
    this.#refused = true;
    this.#set(Math.max(1, Math.floor(limit / sharers)));
  }

  get #level(): Aimd {
    this.#aimd ??= new Aimd();
    return this.#aimd;
  }

  /** Whether a trial holds a lower limit for the moment. */
  get #testing(): boolean {
    return this.#overload?.tried !== undefined;
  }

  /** A trial is not a finding yet. */
  get #finding(): LearnedCause | undefined {
    return this.#testing || this.limit === Infinity ? undefined : 'overload';
  }

  /** An attempt was served or failed. Returns true if that changed the limit. */
  #ended(now: number, sentAt: number, inFlight: number, fault: boolean): boolean {
    if (!this.#testing && this.#aimd && sentAt < this.#aimd.changedAt) return false;
    const ruling = this.#overload?.ended(now, sentAt, inFlight, this.limit, fault);
    if (!ruling) return false;
    this.#saturation?.disturbed();
    this.#heed(now, ruling);
    return true;
  }

  #heed(now: number, { limit, as, doubtful = false }: Ruling): void {
    if (as === 'held') this.#level.hold(now, limit);
    else if (as === 'cut') this.#cut(now, limit, doubtful);
    // What refusals showed is certain.
    else this.#level.settle(now, limit, doubtful && !this.#refused);
  }

  #cut(now: number, to: number, doubtful = false): void {
    this.#overload?.disturbed();
    this.#level.cut(now, to, doubtful);
  }

  #set(limit: number): void {
    this.#overload?.disturbed();
    this.#level.set(limit);
  }

  /** Refusals show that there is no such limit. */
  #drop(): void {
    if (this.#refused) this.#set(Infinity);
    this.#refused = false;
  }
}
