/**
 * The errors that only Headgate throws. Every other failure reaches the caller as the client's own error, with the
 * {@link CallReport} in its `headgate` property.
 */
import type { CallReport } from './report.ts';
import { remember } from './report-of.ts';

/** Stable `code` of each Headgate error. */
export type HeadgateErrorCode =
  | 'ERR_HEADGATE_OPTIONS'
  | 'ERR_HEADGATE_DEADLINE'
  | 'ERR_HEADGATE_QUEUE_FULL'
  | 'ERR_HEADGATE_CLOSED'
  | 'ERR_HEADGATE_LEDGER'
  | 'ERR_HEADGATE_WAIT'
  | 'ERR_HEADGATE_OUTAGE'
  | 'ERR_HEADGATE_COST';

/** Base class of every Headgate error. */
export abstract class HeadgateError extends Error {
  /** Stable; does not change with the wording of the message. */
  abstract readonly code: HeadgateErrorCode;
  /** Record of the failed call; absent if the error ended no call. */
  declare headgate?: CallReport;

  /** @internal A copy of the error for one call; its message begins with the call's request. */
  about(_call: string): HeadgateError {
    return this;
  }
}

/** An option is invalid. The message names its path, the value given and the values allowed. */
export class OptionsError extends HeadgateError {
  override readonly name = 'OptionsError';
  readonly code = 'ERR_HEADGATE_OPTIONS';
  /** Path of the option, e.g. `retry.backoff.base`. */
  readonly option: string;

  /** @param remedy advice on the value given */
  constructor(option: string, given: unknown, allowed: string, remedy = '') {
    const shown = hides(option, given) ? 'text' : preview(given);
    super(`Option '${option}': expected ${allowed}, got ${shown}${remedy && `; ${remedy}`}`);
    this.option = option;
  }
}

/** The call did not, or could not, end before its deadline, or its response body was idle for `bodyTimeout`. */
export class DeadlineError extends HeadgateError {
  override readonly name = 'DeadlineError';
  readonly code = 'ERR_HEADGATE_DEADLINE';
  /** The call's deadline, in ms from its start. */
  readonly deadlineMs: number;
  /** Wait that was needed, in ms, if known: set a deadline longer than this. */
  readonly waitMs: number | undefined;

  /** Time without a byte of the response body, in ms; present only if this ended the call. */
  declare readonly idleMs?: number;

  constructor(
    deadlineMs: number,
    waitMs?: number,
    options?: ErrorOptions & { readonly idleMs?: number },
    call?: string,
  ) {
    super(told(call, lateness(deadlineMs, waitMs, options?.idleMs)), options);
    this.deadlineMs = deadlineMs;
    this.waitMs = waitMs;
    if (options?.idleMs !== undefined) Object.assign(this, { idleMs: options.idleMs });
  }
}

/** The gate's queue already holds `maxQueue` attempts, or `maxQueuePerFlow` of the call's flow. */
export class QueueFullError extends HeadgateError {
  override readonly name = 'QueueFullError';
  readonly code = 'ERR_HEADGATE_QUEUE_FULL';

  readonly #maxQueue: number;
  readonly #option: 'maxQueue' | 'maxQueuePerFlow';

  constructor(maxQueue: number, call?: string, option: 'maxQueue' | 'maxQueuePerFlow' = 'maxQueue') {
    const which = option === 'maxQueue' ? 'attempts' : 'attempts of its flow';
    super(told(call, `The gate's queue is full: ${maxQueue} ${which} are waiting (option '${option}')`));
    this.#maxQueue = maxQueue;
    this.#option = option;
  }

  /** @internal */
  override about(call: string): QueueFullError {
    return new QueueFullError(this.#maxQueue, call, this.#option);
  }
}

/**
 * The call would have to wait longer than `retry.inline`: for its turn, for a paused quota or before a retry. A job system
 * can wait instead: run the job again at `retryAt`.
 */
export class WaitError extends HeadgateError {
  override readonly name = 'WaitError';
  readonly code = 'ERR_HEADGATE_WAIT';
  /** Earliest moment at which another call may succeed, in whole Unix ms. */
  readonly retryAt: number;
  /** The wait until then, in whole ms; a lower bound if the gate cannot know it exactly. */
  readonly waitMs: number;
  /** Key of the quota. */
  readonly quota: string;

  constructor(retryAt: number, waitMs: number, quota: string, call?: string) {
    const ms = Math.ceil(waitMs);
    super(told(call, `It would have to wait ${ms} ms, longer than the option 'retry.inline' allows`));
    this.retryAt = Math.ceil(retryAt);
    this.waitMs = ms;
    this.quota = quota;
  }

  /** @internal */
  override about(call: string): WaitError {
    return new WaitError(this.retryAt, this.waitMs, this.quota, call);
  }
}

/** The server is down, and `retry.outage` is `'fail'`: nothing is sent until the next probe is due. */
export class OutageError extends HeadgateError {
  override readonly name = 'OutageError';
  readonly code = 'ERR_HEADGATE_OUTAGE';
  /** Moment at which the next probe is due, in Unix ms: the first call from then on is sent. */
  readonly retryAt: number;
  /** The wait until then, in ms. */
  readonly waitMs: number;
  /** Key of the quota. */
  readonly quota: string;

  constructor(retryAt: number, waitMs: number, quota: string, call?: string) {
    const ms = Math.ceil(waitMs);
    super(told(call, `The server is down; the next probe is due in ${ms} ms`));
    this.retryAt = Math.ceil(retryAt);
    this.waitMs = ms;
    this.quota = quota;
  }

  /** @internal */
  override about(call: string): OutageError {
    return new OutageError(this.retryAt, this.waitMs, this.quota, call);
  }
}

/** The gate was closed before the call began or while it waited. */
export class ClosedError extends HeadgateError {
  override readonly name = 'ClosedError';
  readonly code = 'ERR_HEADGATE_CLOSED';

  constructor(call?: string) {
    super(told(call, 'The gate is closed'));
  }

  /** @internal */
  override about(call: string): ClosedError {
    return new ClosedError(call);
  }
}

/** The call costs more than a window of its quota ever allows: waiting would not help. */
export class CostError extends HeadgateError {
  override readonly name = 'CostError';
  readonly code = 'ERR_HEADGATE_COST';
  /** Key of the quota. */
  readonly quota: string;
  /** Unit that the window counts, such as `tokens`. */
  readonly unit: string;
  /** Cost of the call in that unit. */
  readonly cost: number;
  /** Limit of the window. */
  readonly limit: number;

  constructor(quota: string, unit: string, cost: number, limit: number, call?: string) {
    super(
      told(
        call,
        `It costs ${cost} ${unit}, and a window of quota '${quota}' allows ${limit}: no wait would help`,
      ),
    );
    this.quota = quota;
    this.unit = unit;
    this.cost = cost;
    this.limit = limit;
  }

  /** @internal */
  override about(call: string): CostError {
    return new CostError(this.quota, this.unit, this.cost, this.limit, call);
  }
}

/** The ledger is unreachable and is configured to fail closed. */
export class LedgerError extends HeadgateError {
  override readonly name = 'LedgerError';
  readonly code = 'ERR_HEADGATE_LEDGER';

  /** @internal */
  override about(call: string): LedgerError {
    return new LedgerError(told(call, this.message), this.cause === undefined ? {} : { cause: this.cause });
  }
}

/** Prefixes a message with its call, if known: `GET https://h/x (quota 'q'): the gate is closed`. */
function told(call: string | undefined, what: string): string {
  return call === undefined ? what : `${call}: ${what.charAt(0).toLowerCase()}${what.slice(1)}`;
}

/** Attaches a report to an error, hidden from loggers and serializers. A frozen error stays unchanged. */
export function attachReport(error: unknown, report: CallReport): void {
  // A sealed or frozen error takes no property.
  if (!hide(error, 'headgate', report)) remember(error as object, report);
}

/**
 * Makes `cause` the cause of `error`, as `new Error(…, { cause })` would. Does nothing if `error` already has a cause,
 * or if `cause` was itself caused by `error`: a client may have wrapped the error that ended it.
 */
export function attachCause(error: Error, cause: unknown): void {
  if (cause === undefined || error.cause !== undefined || leadsTo(cause, error)) return;
  hide(error, 'cause', cause);
}

/** Whether `error` is `to`, or has it among its causes or members. True if they cannot be read. */
function leadsTo(error: unknown, to: Error, seen: Set<unknown> = new Set()): boolean {
  if (error === to) return true;
  if (typeof error !== 'object' || error === null || seen.has(error)) return false;
  seen.add(error);
  try {
    const { cause, errors } = error as { cause?: unknown; errors?: unknown };
    return [cause, ...(Array.isArray(errors) ? errors : [])].some((link) => leadsTo(link, to, seen));
  } catch {
    return true;
  }
}

/** Defines a non-enumerable property on an error. False if the error is an object that refuses it. */
function hide(error: unknown, name: string, value: unknown): boolean {
  if (typeof error !== 'object' || error === null) return true;
  return Reflect.defineProperty(error, name, {
    value,
    configurable: true,
    enumerable: false,
    writable: true,
  });
}

function lateness(deadlineMs: number, waitMs: number | undefined, idleMs: number | undefined): string {
  if (idleMs !== undefined) {
    return `The response body was idle for ${Math.round(idleMs)} ms (option 'bodyTimeout')`;
  }
  const needed = waitMs === undefined ? '' : `: it would have had to wait another ${Math.ceil(waitMs)} ms`;
  return `The call cannot end within its deadline of ${Math.round(deadlineMs)} ms${needed}`;
}

/** Whether a message must hide the value: a token, headers, or a URL with a password or query. */
function hides(option: string, given: unknown): boolean {
  if (typeof given !== 'string') return false;
  if (/^auth\b|headers?$|secret$/i.test(option)) return true;
  return (/url$/i.test(option) || given.includes('://')) && /[@?#]/.test(given);
}

/** Renders any value in one short line. */
function preview(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    if (Array.isArray(value)) return `an array of ${value.length}`;
    return value instanceof RegExp ? 'a regular expression' : 'an object';
  } catch {
    return 'an object';
  }
}
