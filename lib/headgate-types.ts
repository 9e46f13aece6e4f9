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
  /** Duration of the pause; more than 0 ms. */
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
  /** Number of further calls. Default 1; with 0, the forecast covers only the calls waiting now. */
  readonly calls?: number | undefined;
  /** Cost of each of them, by unit. Default: as for a call without a `cost`. */
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
   * Lets `tracer` follow calls that begin from now on, and their attempts; `headgate/opentelemetry` is built
   * on it. Returns a function that stops the tracing. Throws `TypeError` for anything but an object.
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
   * Returns what was learned about undeclared limits, as plain JSON. Pass it to a later run as the option
   * `learned`, so that an hourly job does not start learning anew.
   *
   * @example
   * await writeFile('learned.json', JSON.stringify(gate.learned()));
   */
  learned(): Learned;
  /**
   * Replaces any of `retry`, `quotas` and `overrides` for calls that begin from now on. Attempts queued under
   * a removed quota move to the quota that now matches them. If it throws `OptionsError`, nothing changes.
   *
   * @example
   * gate.update({ quotas: [{ match: { path: '/v1/items' }, windows: [{ limit: 50, per: '1m' }] }] });
   */
  update(options: HeadgateUpdate): void;
  /**
   * Closes a quota, given by its name (the `key` of `quotas()`), or all requests that fit a match. Attempts
   * in flight continue; others wait, or fail at once if their deadline comes first. The longer of two pauses
   * wins, whoever asked for it. Applies to this gate only, not to others that share its ledger. Emits a
   * `pause` event with the cause `manual`. Throws `OptionsError`.
   *
   * @example
   * gate.pause('account', { for: '30s' });
   * gate.pause({ method: 'POST', path: '/v1/reports/**' }, { for: '5m' });
   */
  pause(quota: string | QuotaMatch, options: PauseOptions): void;
  /**
   * Ends a pause made by `pause()`, given the same name or match; a pause that a server asked for stays in
   * force. Emits a `resume` event with the cause `manual`. Throws `OptionsError`.
   *
   * @example
   * gate.resume('account');
   */
  resume(quota: string | QuotaMatch): void;
  /**
   * Returns the time, in ms, until the last of `calls` further calls would be sent, behind those waiting now;
   * 0 if at once. Takes the name of a quota, or a request, for which all its quotas count. Simulates declared
   * windows of every kind, learned windows, pauses and attempts in flight, each assumed to take as long as
   * earlier ones. The result is a lower bound: usage by other processes and refusals add to it. `Infinity` if
   * attempts in flight block the calls and none has ended so far. Throws `OptionsError`, also for a quota
   * that is neither declared nor used so far, and `CostError` for a cost above a limit.
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
   * at once. Rejects with `OptionsError`.
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
