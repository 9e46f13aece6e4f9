import type { AxiosLike } from './clients/axios/index.ts';
import type { FetchLike, GatedFetch } from './clients/fetch/index.ts';
import type { WrapContext, WrapOptions, Wrapped } from './clients/function/index.ts';
import type { GotExtension, GotLike } from './clients/got/types.ts';
import type { UndiciInterceptor, UndiciOptions } from './clients/undici/index.ts';
import type { Listener } from './events/emitter.ts';
import type { AnyEvent, EventName } from './events/types.ts';
import type { HeadgateUpdate } from './options/types.ts';
import type { Random } from './policy/backoff.ts';
import type { Clock } from './time/clock.ts';
import type { QuotaSnapshot } from './words/snapshot.ts';
import type { Duration } from './words/types.ts';

/** What tests own: time and chance. */
export interface Environment {
  /**
   * The clock that every wait goes by. Default: the process's own monotonic clock, or the one that a test's fake timers
   * (node:test, sinon, vitest, jest) make of it. `virtualClock()` of `headgate/testing` is one that a test moves by hand.
   */
  readonly clock?: Clock;
  /** Numbers in [0, 1). Default `Math.random`. */
  readonly random?: Random;
}

/** Options of `gate.close()`. */
export interface CloseOptions {
  /** How long the calls that have begun may go on. Default: not at all. */
  readonly drain?: Duration;
}

/** A gate before somebody else's API: wraps clients, tells what happens, shows the quotas. */
export interface Headgate {
  /**
   * A got instance whose every attempt passes the gate. got 14 or later. Throws `OptionsError` for anything else.
   *
   * @example
   * const api = gate.got(got);
   * await api('https://api.example.com/items', { context: { headgate: { priority: 5 } } }).json();
   */
  got<G extends GotLike>(instance: G): G;
  /** The same as options, for `got.extend(a, gate.gotOptions(), b)`. */
  gotOptions(): GotExtension;
  /**
   * A fetch whose every attempt passes the gate. Default: of `globalThis.fetch`, as it is at each call. Throws
   * `OptionsError` for what is no function.
   *
   * @example
   * const openai = new OpenAI({ fetch: gate.fetch(), maxRetries: 0 });
   */
  fetch(fetchLike?: FetchLike): GatedFetch;
  /**
   * An interceptor of undici 6 or later, for every request through one dispatcher or of the whole process. Throws
   * `OptionsError`.
   *
   * @example
   * setGlobalDispatcher(new Agent().compose(gate.undici()));
   */
  undici(options?: UndiciOptions): UndiciInterceptor;
  /**
   * Puts the gate before an axios instance and those made from it, in place; returns it. axios 1.7 or later.
   *
   * @example
   * const api = gate.axios(axios.create({ baseURL: 'https://api.example.com' }));
   */
  axios<A extends AxiosLike>(instance: A): A;
  /**
   * A function whose every call is one attempt at the request that its options tell; the loop is p-retry's. With
   * `withContext` it gets `{ signal, attempt, token }` before its own arguments. Throws `OptionsError`.
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
  on<Name extends EventName>(name: Name, listener: Listener<Name>): Headgate;
  /** Calls `listener` at the next event of this kind, once. Returns the gate. Throws `TypeError` for an unknown name. */
  once<Name extends EventName>(name: Name, listener: Listener<Name>): Headgate;
  /** Removes a listener, whether it was added by `on` or by `once`. Returns the gate. */
  off<Name extends EventName>(name: Name, listener: Listener<Name>): Headgate;
  /**
   * All events from now on: `for await (const event of gate.events())`. Ends when the gate is closed. Of those that a
   * slow reader leaves waiting the last 10,000 are kept.
   */
  events(): AsyncIterableIterator<AnyEvent>;
  /**
   * The quotas met so far: their windows and how much of each is used, attempts in flight and waiting, pauses, and what
   * was learned.
   *
   * @example
   * for (const { key, queued, pausedUntil } of gate.quotas()) console.log(key, queued, pausedUntil);
   */
  quotas(): QuotaSnapshot[];
  /**
   * Replaces `retry`, `quotas`, or both, for the calls that begin from now on. Attempts that wait under a quota that was
   * removed move to the one that now applies. Throws `OptionsError`, and then changes nothing.
   *
   * @example
   * gate.update({ quotas: [{ match: { path: '/v1/items' }, windows: [{ limit: 50, per: '1m' }] }] });
   */
  update(options: HeadgateUpdate): void;
  /**
   * Admits nothing more, rejects what waits with `ClosedError`, and gives the ledger's permits back. Requests in flight
   * and streams end by themselves.
   *
   * With `drain` the calls that have begun go on, with all their waits and retries, until they end or that time is over;
   * only then the rest is rejected. A `close` event tells when that begins and ends. A second `close()` without `drain`
   * ends it at once. Throws `OptionsError`.
   *
   * @example
   * process.once('SIGTERM', () => gate.close({ drain: '30s' }));
   */
  close(options?: CloseOptions): Promise<void>;
  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
