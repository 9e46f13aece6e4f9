import type { AxiosLike } from './clients/axios/index.ts';
import type { FetchLike, GatedFetch } from './clients/fetch/index.ts';
import type { WrapContext, WrapOptions, Wrapped } from './clients/function/index.ts';
import type { GotExtension, GotLike } from './clients/got/types.ts';
import type { UndiciInterceptor } from './clients/undici/index.ts';
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
  /** A got instance whose every attempt passes the gate. got 14 or later. */
  got<G extends GotLike>(instance: G): G;
  /** The same as options, for `got.extend(a, gate.gotOptions(), b)`. */
  gotOptions(): GotExtension;
  /** A fetch whose every attempt passes the gate. Default: of `globalThis.fetch`, as it is at each call. */
  fetch(fetchLike?: FetchLike): GatedFetch;
  /** An interceptor for `agent.compose(gate.undici())`; undici 6 or later, and the fetch of Node.js with it. */
  undici(): UndiciInterceptor;
  /** Puts the gate before an axios instance and those made from it; returns it. axios 1. */
  axios<A extends AxiosLike>(instance: A): A;
  /**
   * A function whose every call is one attempt at the request that its options tell; the loop is p-retry's. With
   * `withContext` it gets `{ signal, attempt, token }` before its own arguments. Throws `OptionsError`.
   */
  wrap<Args extends unknown[], T>(
    fn: (context: WrapContext, ...args: Args) => PromiseLike<T> | T,
    options: WrapOptions<Args, T> & { readonly withContext: true },
  ): Wrapped<Args, T>;
  /** The same without a context. */
  wrap<Args extends unknown[], T>(
    fn: (...args: Args) => PromiseLike<T> | T,
    options: WrapOptions<Args, T> & { readonly withContext?: false },
  ): Wrapped<Args, T>;
  /** Listens to one kind of event. Returns the gate. Throws `TypeError` for a name that there is not. */
  on<Name extends EventName>(name: Name, listener: Listener<Name>): Headgate;
  /** Listens to the next event of a kind. */
  once<Name extends EventName>(name: Name, listener: Listener<Name>): Headgate;
  /** Listens no more, whether by `on` or by `once`. */
  off<Name extends EventName>(name: Name, listener: Listener<Name>): Headgate;
  /**
   * All events from now on: `for await (const event of gate.events())`. Ends when the gate is closed. Of those that a
   * slow reader leaves waiting the last 10,000 are kept.
   */
  events(): AsyncIterableIterator<AnyEvent>;
  /** The quotas met so far: windows with what is used of them, what is in flight, who waits, pauses, what was learned. */
  quotas(): QuotaSnapshot[];
  /**
   * Replaces `retry`, `quotas`, or both, for the calls that begin from now on; those that wait under a quota which there
   * is no more go on under what applies now. Throws `OptionsError`.
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
