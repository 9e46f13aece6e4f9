/**
 * got, 14 and later, promises and streams alike.
 *
 * A handler begins each call and gives its options hooks of their own ({@link Passage}); a `getRequestFunction` on each
 * leg's options takes a permit before it sends. So every attempt is gated, redirects, retries, pages, streams and
 * HTTP/2 included; what needs no attempt, a cache hit or a hook's own response, takes no permit. What users may print,
 * clone or compare holds nothing of ours.
 */
import type { Call, OpenCall } from '../../call/call.ts';
import { OptionsError } from '../../words/errors.ts';
import { expectation, isGot } from './instance.ts';
import { Passage } from './passage.ts';
import { factsOf } from './request.ts';
import type { GotExtension, GotLike, Hook, Options, Result, Stream } from './types.ts';
import { watchPromise, watchStream } from './watch.ts';

/** The instance with the extension, which it gets once. Throws `OptionsError`. */
export function gateGot<G extends GotLike>(instance: G, extension: GotExtension): G {
  if (!isGot(instance)) throw new OptionsError('got', instance, expectation(instance));
  const { handlers, mutableDefaults } = instance.defaults;
  if (handlers.includes(extension.handlers[0])) return instance;
  // got 14 and 15 would freeze the defaults of an extension that does not say otherwise.
  return instance.extend({ ...extension, mutableDefaults } as never) as G;
}

/** The options that put a gate before a got instance. */
export function gotExtension(open: OpenCall): GotExtension {
  /** Leads from a hook of this gate to its call. Not enumerable: no print of a hook shows it. */
  const owner = Symbol('headgate');
  const ownerOf = (hook: Hook): Passage | null | undefined => (hook as { [owner]?: Passage | null })[owner];
  const own = <H extends Hook>(hook: H, passage: Passage | null): H =>
    Object.defineProperty(hook, owner, { value: passage });

  function handle(options: Options, next: (options: Options) => unknown): unknown {
    // got calls handlers without options when the input was too wrong to make any.
    if (!options?.url || options.hooks.beforeRequest.some((hook) => ownerOf(hook)?.began(options))) {
      return next(options);
    }
    let call: Call;
    try {
      call = open(options.context.headgate, factsOf(options));
    } catch (error) {
      if (options.isStream) throw error;
      return Promise.reject(error);
    }
    const passage = new Passage(call, options);
    // Through a request's options, its retries and redirects have them too.
    place(options.hooks.beforeRequest, own(passage.beforeRequest, passage));
    place(options.hooks.beforeError, own(passage.beforeError, passage));
    options.retry.calculateDelay = passage.calculateDelay;
    if ('enforceRetryRules' in options.retry) options.retry.enforceRetryRules = false;
    const result = next(options);
    return options.isStream
      ? watchStream(result as Stream, passage)
      : watchPromise(result as Result, passage);
  }

  /** Puts a call's hook where this gate's hooks are, which may be there twice, or be those of an earlier call. */
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
