import type { AxiosLike } from './clients/axios/index.ts';
import type { FetchLike, GatedFetch } from './clients/fetch/index.ts';
import type { WrapContext, WrapOptions, Wrapped } from './clients/function/index.ts';
import type { GotExtension, GotLike } from './clients/got/types.ts';
import type { UndiciInterceptor, UndiciOptions } from './clients/undici/index.ts';
import type { Listener } from './events/emitter.ts';
import type { Tracer } from './events/tracer.ts';
import type { AnyEvent, EventName } from './events/types.ts';
import type { HeadgateUpdate, QuotaMatch } from './options/types.ts';
import type { Random } from './policy/backoff.ts';
import type { Clock } from './time/clock.ts';
import type { Learned } from './words/learned.ts';
import type { QuotaSnapshot } from './words/snapshot.ts';
import type { Costs, Duration } from './words/types.ts';

/** Time and randomness, which tests may replace. */
export interface Environment {
  /**
   * Clock for every wait. Default: the monotonic clock of the process, which follows fake timers (node:test, sinon,
   * vitest, jest). `virtualClock()` of `headgate/testing` returns one that a test moves by hand.
   */
  readonly clock?: Clock;
  /** Returns random numbers in [0, 1). Default `Math.random`. */
  readonly random?: Random;
}

/** Options of `gate.pause()`. */
export interface PauseOptions {
  /** How long: more than 0 ms. */
  readonly for: Duration;
}

/** A request that `gate.forecast()` is asked about. */
export interface ForecastRequest {
  /** HTTP method. */
  readonly method: string;
  /** Absolute URL. */
  readonly url: string | URL;
}

/** Options of `gate.forecast()`. */
export interface ForecastOptions {
  /** Number of calls more. Default 1; with 0 it is about those alone that wait now. */
  readonly calls?: number | undefined;
  /** What each of them costs, by unit. Default: as with a call. */
  readonly cost?: Costs | undefined;
}

/** Options of `gate.close()`. */
export interface CloseOptions {
  /** Maximum time for open calls to finish. Default 0: they are rejected at once. */
  readonly drain?: Duration;
}

/** A gate of `headgate/fetch`: wraps fetch and functions, emits events, shows quotas. */
export interface FetchHeadgate {
  /** Name of the gate: the option `name`, or else the profile's. */
  readonly name: string;
  /**
   * Returns a fetch whose every attempt passes the gate. Default: wraps `globalThis.fetch`, looked up at each call.
   * Throws `OptionsError` for anything but a function.
   *
   * @example
   * const openai = new OpenAI({ fetch: gate.fetch(), maxRetries: 0 });
   */
  fetch(fetchLike?: FetchLike): GatedFetch;
  /**
   * Gates any function: each time `fn` runs, that is one attempt at the request described by the options. The retry loop
   * is p-retry's. With `withContext`, `fn` gets `{ signal, attempt, token }` before its own arguments. Throws
   * `OptionsError`.
   *
   * @example
   * const send = gate.wrap((to: string) => sdk.send(to), { request: { method: 'POST', url: 'https://api.example.com/mail' } });
   */
  wrap<Args extends unknown[], T>(
    fn: (context: WrapContext, ...args: Args) => PromiseLike<T> | T,
    options: WrapOptions<Args, T> & { readonly withContext: true },
  ): Wrapped<Args, T>;
  /**
   * The same without a context.
   *
   * @example
   * const list = gate.wrap(() => sdk.list(), { request: { method: 'GET', url: 'https://api.example.com/items' } });
   */
  wrap<Args extends unknown[], T>(
    fn: (...args: Args) => PromiseLike<T> | T,
    options: WrapOptions<Args, T> & { readonly withContext?: false },
  ): Wrapped<Args, T>;
  /**
   * Calls `listener` at each event of this kind; what it throws becomes a process warning and breaks no call. Returns
   * the gate. Throws `TypeError` for an unknown name.
   *
   * @example
   * gate.on('retry', ({ method, url, reason, delayMs }) => log.warn({ method, url, reason, delayMs }));
   */
  on<Name extends EventName>(name: Name, listener: Listener<Name>): this;
  /** Calls `listener` at the next event of this kind, once. Returns the gate. Throws `TypeError` for an unknown name. */
  once<Name extends EventName>(name: Name, listener: Listener<Name>): this;
  /** Removes a listener, whether it was added by `on` or by `once`. Returns the gate. */
  off<Name extends EventName>(name: Name, listener: Listener<Name>): this;
  /**
   * Returns all events from now on: `for await (const event of gate.events())`. Ends when the gate closes. For a slow
   * reader, only the last 10,000 events are kept.
   */
  events(): AsyncIterableIterator<AnyEvent>;
  /**
   * Has `tracer` follow the calls that begin from now on, and their attempts; the base of `headgate/opentelemetry`. Returns a
   * function that ends this. Throws `TypeError` for anything but an object.
   *
   * @example
   * const stop = gate.trace({ attempt: ({ method, url }) => ({ end: ({ status }) => console.log(method, url, status) }) });
   */
  trace(tracer: Tracer): () => void;
  /**
   * Returns the state of the quotas used so far: windows and their use, attempts in flight and queued, pauses, and
   * learned limits.
   *
   * @example
   * for (const { key, queued, pausedUntil } of gate.quotas()) console.log(key, queued, pausedUntil);
   */
  quotas(): QuotaSnapshot[];
  /**
   * Returns what was learned of limits that nobody declared, as plain JSON: for the option `learned` of a later run, so that
   * a job that runs each hour does not learn anew.
   *
   * @example
   * await writeFile('learned.json', JSON.stringify(gate.learned()));
   */
  learned(): Learned;
  /**
   * Replaces `retry`, `quotas`, `overrides` or several of them for calls that begin from now on. Attempts queued under a
   * removed quota move to
   * the quota that now matches them. If it throws `OptionsError`, nothing changes.
   *
   * @example
   * gate.update({ quotas: [{ match: { path: '/v1/items' }, windows: [{ limit: 50, per: '1m' }] }] });
   */
  update(options: HeadgateUpdate): void;
  /**
   * Closes a quota by hand, by its name (the `key` of `quotas()`), or whatever requests fit a match. Attempts in flight go
   * on; others wait, or fail at once if their deadline comes first. A longer pause wins, whoever asked for it. Holds for
   * this gate alone, not for others of its ledger. Told by a `pause` event with the cause `manual`. Throws `OptionsError`.
   *
   * @example
   * gate.pause('account', { for: '30s' });
   * gate.pause({ method: 'POST', path: '/v1/reports/**' }, { for: '5m' });
   */
  pause(quota: string | QuotaMatch, options: PauseOptions): void;
  /**
   * Ends a pause that `pause()` made, given the same name or match; what a server asked for goes on. Told by a `resume`
   * event with the cause `manual`. Throws `OptionsError`.
   *
   * @example
   * gate.resume('account');
   */
  resume(quota: string | QuotaMatch): void;
  /**
   * Returns the time, in ms, until the last of `calls` further calls would be sent, behind those that wait now; 0 if at
   * once. Reckons ahead with what limits a quota, by its name, or all quotas of a request: declared windows of every kind,
   * learned ones, a pause, attempts in flight, each for as long as attempts have taken. It is a lower bound: what other
   * processes draw and what a server refuses comes on top. `Infinity` if attempts in flight block it and none has ended
   * so far. Throws `OptionsError`, and `CostError` for a cost above a limit.
   *
   * @example
   * const ms = gate.forecast('hunting', { calls: 500 });
   * const next = gate.forecast({ method: 'POST', url: 'https://api.example.com/v1/chat' }, { cost: { tokens: 1200 } });
   */
  forecast(quota: string | ForecastRequest, options?: ForecastOptions): number;
  /**
   * Refuses new calls, rejects queued ones with `ClosedError`, and returns the ledger's permits. Requests in flight and
   * streams may finish.
   *
   * With `drain`, open calls continue with all their waits and retries until they end or the time is over; then the rest
   * is rejected. `close` events mark the beginning and the end of the drain. A second `close()` without `drain` ends it
   * at once. Throws `OptionsError`.
   *
   * @example
   * process.once('SIGTERM', () => gate.close({ drain: '30s' }));
   */
  close(options?: CloseOptions): Promise<void>;
  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A gate in front of an API: wraps clients, emits events, shows quotas. */
export interface Headgate extends FetchHeadgate {
  /**
   * Returns a got instance whose every attempt passes the gate. got 14 or later; otherwise throws `OptionsError`.
   *
   * @example
   * const api = gate.got(got);
   * await api('https://api.example.com/items', { context: { headgate: { priority: 5 } } }).json();
   */
  got<G extends GotLike>(instance: G): G;
  /** Returns the same as got options, for `got.extend(a, gate.gotOptions(), b)`. */
  gotOptions(): GotExtension;
  /**
   * Returns an interceptor for undici 6 or later, which gates every request of a dispatcher or of the whole process.
   * Throws `OptionsError`.
   *
   * @example
   * setGlobalDispatcher(new Agent().compose(gate.undici()));
   */
  undici(options?: UndiciOptions): UndiciInterceptor;
  /**
   * Gates an axios instance in place, and the instances created from it; returns it. axios 1.7 or later.
   *
   * @example
   * const api = gate.axios(axios.create({ baseURL: 'https://api.example.com' }));
   */
  axios<A extends AxiosLike>(instance: A): A;
}
