import type { AnyEvent } from '../events/types.ts';
import type { AttemptRecord } from '../words/report.ts';
import type { QuotaSnapshot } from '../words/snapshot.ts';

/** One call in a {@link GateRecord}: still open, or ended by a success or a failure. */
export interface RecordedCall {
  /** ID of the call, the same on all its events. */
  readonly call: string;
  /** HTTP method, in upper case. */
  readonly method: string;
  /** URL without secrets. */
  readonly url: string;
  /** Key of the quota that the last attempt used or waited for. */
  readonly quota: string;
  /** Moment at which it began; Unix ms on the gate's clock. */
  readonly beganAt: number;
  /** Moment at which it ended; absent while it is open. */
  readonly endedAt?: number | undefined;
  /** Why it failed; absent when it succeeded or is open. */
  readonly reason?: string | undefined;
  /** Status of the last response; absent when none arrived. */
  readonly status?: number | undefined;
  /** Code of the failure: Headgate's, the API's or the fault's. */
  readonly code?: string | undefined;
  /** Last correlation ID the server gave. */
  readonly correlationId?: string | undefined;
  /** Advice for the failure. */
  readonly hint?: string | undefined;
  /** All attempts in order; if more than 100, only the first and the last 99. */
  readonly attempts: readonly AttemptRecord[];
}

/** One pause of a quota. */
export interface RecordedPause {
  /** Key of the quota. */
  readonly quota: string;
  /** Moment at which the quota closed; Unix ms on the gate's clock. */
  readonly from: number;
  /** Moment at which it reopened, or is expected to. */
  readonly to: number;
  /** How the wait became known. */
  readonly cause: string;
}

/** State of the busiest quotas at one moment. */
export interface RecordedSample {
  /** Moment; Unix ms on the gate's clock. */
  readonly at: number;
  /** State of the quotas, as `gate.quotas()` returned it. */
  readonly quotas: readonly QuotaSnapshot[];
}

/** An event that is not about a single call: a limit learned, a window nearly used up, the ledger's state, a warning, the gate closing. */
export type Notice = Extract<AnyEvent, { type: 'learned' | 'near' | 'ledger' | 'warning' | 'close' }>;

/** The activity of one gate, as plain JSON. */
export interface GateRecord {
  /** The gate's `name`; empty until its first event. */
  readonly gate: string;
  /** Moment of the first line; Unix ms on the gate's clock; 0 when the record is empty. */
  readonly from: number;
  /** Moment of the last line; Unix ms on the gate's clock; 0 when the record is empty. */
  readonly to: number;
  /** Calls in the order in which they began; only the last `maxCalls`. */
  readonly calls: readonly RecordedCall[];
  /** Number of earlier calls that were dropped, beyond `maxCalls`. */
  readonly dropped: number;
  /** Pauses: the last 4096 that ended, in that order, then those still open. */
  readonly pauses: readonly RecordedPause[];
  /** Samples of the quotas over the whole time; at most 4096. */
  readonly samples: readonly RecordedSample[];
  /** Limits learned, windows nearly used up, warnings, states of the ledger and of closing; only the last 4096. */
  readonly notices: readonly Notice[];
}

/** One line of a record on disk: an event, or a sample of the quotas. */
export type RecordLine = AnyEvent | ({ readonly type: 'quotas' } & RecordedSample);

/** Default of `maxCalls`. */
export const DEFAULT_MAX_CALLS = 100_000;
/** Maximum number of samples, pauses and notices each; beyond it, every second sample, or the oldest other entry, is dropped. */
const MAX_KEPT = 4096;

/** Builds a record from lines: both the record in memory and a record read from disk. */
export class RecordSum {
  readonly #maxCalls: number;
  readonly #calls = new Map<string, RecordedCall>();
  readonly #open = new Map<string, RecordedPause>();
  #pauses: RecordedPause[] = [];
  #samples: RecordedSample[] = [];
  #notices: Notice[] = [];
  #gate = '';
  #from = Infinity;
  #to = -Infinity;
  #dropped = 0;

  constructor(maxCalls: number = DEFAULT_MAX_CALLS) {
    this.#maxCalls = maxCalls;
  }

  add(line: RecordLine): void {
    this.#from = Math.min(this.#from, line.at);
    this.#to = Math.max(this.#to, line.at);
    if (line.type !== 'quotas') this.#gate = line.gate;
    switch (line.type) {
      case 'call':
        this.#put({ ...subjectOf(line), beganAt: line.at, attempts: [] });
        break;
      case 'success':
      case 'failure':
        this.#end(line);
        break;
      case 'pause':
        this.#pause(line);
        break;
      case 'resume':
        this.#resume(line);
        break;
      case 'quotas':
        this.#samples.push({ at: line.at, quotas: line.quotas });
        if (this.#samples.length > MAX_KEPT)
          this.#samples = this.#samples.filter((_, index) => index % 2 === 0);
        break;
      case 'learned':
      case 'near':
      case 'ledger':
      case 'warning':
      case 'close':
        this.#notices.push(line);
        if (this.#notices.length > MAX_KEPT) this.#notices.shift();
        break;
      default:
    }
  }

  /** The record so far. */
  get record(): GateRecord {
    const empty = this.#from === Infinity;
    return {
      gate: this.#gate,
      from: empty ? 0 : this.#from,
      to: empty ? 0 : this.#to,
      calls: [...this.#calls.values()],
      dropped: this.#dropped,
      pauses: [...this.#pauses, ...this.#open.values()],
      samples: [...this.#samples],
      notices: [...this.#notices],
    };
  }

  #put(call: RecordedCall): void {
    this.#calls.set(call.call, call);
    if (this.#calls.size <= this.#maxCalls) return;
    for (const oldest of this.#calls.keys()) {
      this.#calls.delete(oldest);
      this.#dropped += 1;
      break;
    }
  }

  #end(line: Extract<AnyEvent, { type: 'success' | 'failure' }>): void {
    const known = this.#calls.get(line.call);
    const first = line.attempts[0];
    // A call that began before the recording is known only from its attempts.
    const beganAt = known?.beganAt ?? (first ? first.startedAt - first.waitedMs : line.at);
    this.#from = Math.min(this.#from, beganAt);
    const failed = line.type === 'failure' ? { reason: line.reason, code: line.code, hint: line.hint } : {};
    this.#put({
      ...subjectOf(line),
      beganAt,
      endedAt: line.at,
      status: line.status,
      correlationId: line.correlationId,
      ...failed,
      attempts: line.attempts,
    });
  }

  #pause({ quota, at, until, cause }: Extract<AnyEvent, { type: 'pause' }>): void {
    const open = this.#open.get(quota);
    this.#open.set(quota, { quota, from: open?.from ?? at, to: until, cause });
  }

  #resume({ quota, at }: Extract<AnyEvent, { type: 'resume' }>): void {
    const open = this.#open.get(quota);
    if (!open) return;
    this.#open.delete(quota);
    this.#pauses.push({ ...open, to: at });
    if (this.#pauses.length > MAX_KEPT) this.#pauses.shift();
  }
}

function subjectOf({
  call,
  method,
  url,
  quota,
}: Pick<RecordedCall, 'call' | 'method' | 'url' | 'quota'>): Pick<
  RecordedCall,
  'call' | 'method' | 'url' | 'quota'
> {
  return { call, method, url, quota };
}
