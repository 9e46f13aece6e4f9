import { type RateLimit, rateLimits } from '../../classify/rate-limit.ts';
import type { Clock, Headgate, LearnedEvent, PauseEvent, Verdict } from '../../index.ts';
import { headgate } from '../../index.ts';
import { type Finding, Openings, roundedUp } from './openings.ts';

/** Settings of a probe. */
export interface ProbeSettings {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Maximum number of requests. */
  readonly requests: number;
  /** Maximum time, in ms. */
  readonly forMs: number;
  /** Maximum number of requests in flight. */
  readonly concurrency: number;
}

/** Findings of a probe. */
export interface Found {
  readonly windows: readonly Finding[];
  /** Maximum number of requests in flight; absent if no such limit was reached. */
  readonly concurrency?: number | undefined;
  /** Limits that headers state without a window. */
  readonly stated: readonly RateLimit[];
  readonly sent: number;
  readonly served: number;
  readonly refused: number;
  readonly tookMs: number;
  /** Why it ended. */
  readonly ended: 'found' | 'requests' | 'time' | 'wait' | 'answer';
  /** With `wait`: the wait that was longer than the time left, in ms. */
  readonly waitMs?: number | undefined;
  /** With `answer`: the endpoint's answer, which was not a success, or the fault of a request without an answer. */
  readonly answer?:
    | {
        readonly verdict: Verdict;
        /** Status of the answer, or the fault. */
        readonly what: string;
        /** Whether the request failed without an answer. */
        readonly fault: boolean;
        readonly hint?: string | undefined;
      }
    | undefined;
}

/** Number of initial requests, sent one after another: headers may already state the limits. */
const FIRST = 3;
/** Number of consecutive findings that must agree if refusals name no wait, and the fraction by which they may differ. */
const CONFIRMED = 3;
const ALIKE = 0.1;
/** Time for requests in flight to be answered once the quota has closed, in ms. */
const GRACE_MS = 500;

/** One probe of an endpoint. */
export class Session {
  readonly #settings: ProbeSettings;
  readonly #clock: Clock;
  readonly #fetch: typeof fetch;
  readonly #aside: (line: string) => void;
  readonly #stop = new AbortController();
  #sent = 0;
  #onWire = 0;
  #served = 0;
  #refused = 0;
  #stated: readonly RateLimit[] = [];
  #ended: Found['ended'] = 'requests';
  #waitMs: number | undefined;
  #answer: Found['answer'];
  /** Whether the gate learns. */
  #learning = false;
  /** The last window learned from refusals that name no wait, and the number of findings that agree on it. */
  #learned: { readonly limit: number; readonly perMs: number } | undefined;
  #alike = 0;
  #concurrency: number | undefined;
  readonly #openings: Openings;
  /** The gate in use. If refusals name no wait, a learning gate replaces the first one. */
  #gate: Headgate | undefined;

  constructor(settings: ProbeSettings, clock: Clock, fetchLike: typeof fetch, aside: (line: string) => void) {
    this.#settings = settings;
    this.#clock = clock;
    this.#fetch = fetchLike;
    this.#aside = aside;
    this.#openings = new Openings(clock.now());
  }

  async run(): Promise<Found> {
    const { forMs, concurrency } = this.#settings;
    const clock = this.#clock;
    const startedAt = clock.now();
    this.#gate = this.#gateThat(false);
    const timer = clock.setTimer(() => this.#end('time'), forMs, true);
    const call = (): Promise<void> => this.#call(startedAt + forMs);
    for (let n = 0; n < FIRST && !this.#over && !this.#spent; n += 1) await call();
    const known = this.#statedWindows;
    if (known.length > 0 && !this.#over) this.#end('found');
    const worker = async (): Promise<void> => {
      while (!this.#over && !this.#spent) await call();
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    timer.cancel();
    await this.#gate.close();
    const windows = known.length > 0 ? known : this.#windows();
    return {
      windows,
      concurrency: windows.length === 0 ? this.#concurrency : undefined,
      stated: this.#stated,
      sent: this.#sent,
      served: this.#served,
      refused: this.#refused,
      tookMs: clock.now() - startedAt,
      ended: this.#ended,
      waitMs: this.#waitMs,
      answer: this.#answer,
    };
  }

  /** Whether the budget is used up; requests in flight may still be answered. */
  get #spent(): boolean {
    return this.#sent >= this.#settings.requests;
  }

  get #over(): boolean {
    return this.#stop.signal.aborted;
  }

  #end(why: Found['ended']): void {
    if (this.#over) return;
    this.#ended = why;
    this.#stop.abort();
  }

  #gateThat(adaptive: boolean): Headgate {
    const gate = headgate({ name: 'probe', adaptive, retry: { attempts: 2 } }, { clock: this.#clock });
    gate.on('warning', () => undefined);
    gate.on('pause', (event) => this.#paused(event));
    gate.on('learned', (event) => this.#hasLearned(event));
    return gate;
  }

  /** One call, however it ends. */
  async #call(until: number): Promise<void> {
    const { url, method, headers } = this.#settings;
    const { signal } = this.#stop;
    const gate = this.#gate as Headgate;
    try {
      const deadline = Math.max(1, until - this.#clock.now());
      const api = gate.fetch(this.#counted as never);
      const response = await api(url, { method, headers, signal, headgate: { deadline } });
      await response.arrayBuffer();
      if (!response.ok) this.#failed(response.headgate, String(response.status));
    } catch (error) {
      // Closing a replaced gate rejects its calls.
      if (this.#over || this.#spent || gate !== this.#gate) return;
      const { headgate: report } = error as { headgate?: never };
      this.#failed(report, faultText(error), error);
    }
  }

  /** Sends a request if the budget allows one more. */
  readonly #counted = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    if (this.#spent) throw new Error('The budget of requests is used up');
    this.#stop.signal.throwIfAborted();
    this.#sent += 1;
    const sentAt = this.#clock.now();
    this.#onWire += 1;
    let response: Response;
    try {
      response = await this.#fetch(input, init);
    } finally {
      this.#onWire -= 1;
      if (this.#spent && this.#onWire === 0)
        this.#clock.setTimer(() => this.#end('requests'), GRACE_MS, true);
    }
    const limits = rateLimits(Object.fromEntries(response.headers), Date.now());
    const ofRequests = limits.filter(({ requests }) => requests);
    if (ofRequests.length > 0) this.#stated = ofRequests;
    if (response.status === 429) this.#refused += 1;
    if (response.ok) {
      this.#served += 1;
      this.#openings.served(sentAt);
    }
    return response;
  };

  /** A call that ended without a success ends the probe: nothing more can be learned from it. */
  #failed(
    report: { readonly verdict?: Verdict | undefined; readonly hint?: string | undefined } | undefined,
    what: string,
    error?: unknown,
  ): void {
    const { waitMs } = (error ?? {}) as { waitMs?: number };
    if (waitMs !== undefined) {
      this.#waitMs ??= waitMs;
      this.#end('wait');
      return;
    }
    if (this.#over) return;
    const fault = error !== undefined;
    this.#answer = { verdict: report?.verdict ?? 'terminal', what, fault, hint: report?.hint };
    this.#end('answer');
  }

  #paused({ at, until, cause }: PauseEvent): void {
    if (this.#over) return;
    if (cause === 'backoff') {
      // Only a learning gate finds out when such a quota reopens.
      if (this.#learning) return;
      this.#learning = true;
      const before = this.#gate;
      this.#gate = this.#gateThat(true);
      before?.close();
      return;
    }
    const served = this.#openings.closed(at, until);
    if (served === undefined) return;
    this.#aside(`closed for ${Math.ceil((until - at) / 100) / 10} s after ${served} requests`);
    if (this.#openings.whole) this.#clock.setTimer(() => this.#end('found'), GRACE_MS, true);
  }

  #hasLearned({ kind, limit, perMs, cause }: LearnedEvent): void {
    if (this.#over) return;
    if (kind === 'in-flight') {
      this.#concurrency = limit;
      return;
    }
    if (cause === 'header' || !this.#learning) return;
    const before = this.#learned;
    const alike = before !== undefined && near(before.limit, limit) && near(before.perMs, perMs);
    this.#learned = {
      limit: alike ? Math.max(before.limit, limit) : limit,
      perMs: alike ? Math.max(before.perMs, perMs) : perMs,
    };
    this.#alike = alike ? this.#alike + 1 : 1;
    this.#aside(`learned: ${limit} per ${Math.round(perMs) / 1000} s`);
    if (this.#alike >= CONFIRMED) this.#end('found');
  }

  get #statedWindows(): Finding[] {
    return this.#stated.flatMap(({ limit, windowMs }) =>
      limit === undefined || windowMs === undefined
        ? []
        : [{ limit, perMs: windowMs, from: 'stated' as const }],
    );
  }

  #windows(): Finding[] {
    const shown = this.#openings.finding();
    if (shown?.from === 'refusals') return [shown];
    const { limit, perMs } = this.#learned ?? {};
    if (limit !== undefined && perMs !== undefined)
      return [{ limit, perMs: roundedUp(perMs), from: 'refusals' }];
    return shown ? [shown] : [];
  }
}

/** A fault in words: its code, or else its message with the cause's code: `TypeError: fetch failed (ECONNREFUSED)`. */
function faultText(error: unknown): string {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown; message?: unknown } };
  const why = cause?.code ?? cause?.message;
  return String(code ?? (why === undefined ? error : `${error} (${why})`));
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= ALIKE * Math.max(a, b);
}
