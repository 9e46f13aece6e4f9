/**
 * The client for got 14 and later: promises and streams.
 *
 * A handler begins each call and adds the call's hooks to its options ({@link GotCall}); a `getRequestFunction` on each
 * leg's options takes a permit before it sends. So every attempt is gated: redirects, retries, pages, streams, HTTP/2.
 * A cache hit or a hook's own response needs no attempt and takes no permit. Nothing of Headgate is visible in objects
 * that users may print, clone or compare.
 */
import type { Call, OpenCall } from '../../call/call.ts';
import { GotCall } from './got-call.ts';
import { isGot, noGot } from './instance.ts';
import { factsOf } from './request.ts';
import type { GotExtension, GotLike, Hook, Options, Result, Stream } from './types.ts';
import { watchPromise, watchStream } from './watch.ts';

/** Extends a got instance, at most once. Throws `OptionsError`. */
export function gateGot<G extends GotLike>(instance: G, extension: GotExtension): G {
  if (!isGot(instance)) throw noGot(instance);
  const { handlers, mutableDefaults } = instance.defaults;
  if (handlers.includes(extension.handlers[0])) return instance;
  // Otherwise got 14 and 15 would freeze the defaults of the extension.
  return instance.extend({ ...extension, mutableDefaults } as never) as G;
}

/** The options that gate a got instance. */
export function gotExtension(open: OpenCall): GotExtension {
  /** Leads from a hook of this gate to its call. Not enumerable, so that a printed hook does not show it. */
  const owner = Symbol('headgate');
  const ownerOf = (hook: Hook): GotCall | null | undefined => (hook as { [owner]?: GotCall | null })[owner];
  const own = <H extends Hook>(hook: H, gotCall: GotCall | null): H =>
    Object.defineProperty(hook, owner, { value: gotCall });

  function handle(options: Options, next: (options: Options) => unknown): unknown {
    // got calls handlers without options if the input was too invalid to build any.
    if (!options?.url || options.hooks.beforeRequest.some((hook) => ownerOf(hook)?.began(options))) {
      return next(options);
    }
    const facts = factsOf(options);
    let call: Call;
    try {
      call = open(options.context.headgate, facts);
    } catch (error) {
      if (options.isStream) throw error;
      return Promise.reject(error);
    }
    const gotCall = new GotCall(call, options);
    // Retries and redirects inherit these options.
    place(options.hooks.beforeRequest, own(gotCall.beforeRequest, gotCall));
    place(options.hooks.beforeError, own(gotCall.beforeError, gotCall));
    // Only a promise's response is read whole before its user has it.
    if (!options.isStream && call.readsBody(facts))
      place(options.hooks.afterResponse, own(gotCall.afterResponse, gotCall));
    options.retry.calculateDelay = gotCall.calculateDelay;
    if ('enforceRetryRules' in options.retry) options.retry.enforceRetryRules = false;
    const result = next(options);
    return options.isStream
      ? watchStream(result as Stream, gotCall)
      : watchPromise(result as Result, gotCall);
  }

  /** Replaces this gate's hooks, which may be present twice or belong to an earlier call, by one hook of this call. */
  function place(hooks: Hook[], hook: Hook): void {
    let placed = false;
    for (let index = 0; index < hooks.length; index += 1) {
      if (ownerOf(hooks[index] as Hook) === undefined) continue;
      if (placed) hooks.splice(index--, 1);
      else hooks[index] = hook;
      placed = true;
    }
    if (!placed) hooks.push(hook);
  }

  return {
    handlers: [handle],
    hooks: {
      beforeRequest: [own(() => undefined, null)],
      beforeError: [own((error: Error) => error, null)],
    },
  };
}
