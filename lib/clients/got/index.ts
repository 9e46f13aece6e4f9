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
  /** The call of each options object that a handler was given; the gate's own handler may be there twice. */
  const passages = new WeakMap<Options, Passage>();
  const own = new WeakSet<Hook>();

  function handle(options: Options, next: (options: Options) => unknown): unknown {
    // got calls handlers without options when the input was too wrong to make any.
    if (!options?.url || passages.get(options)?.call.ended === false) return next(options);
    let call: Call;
    try {
      call = open(options.context.headgate, factsOf(options));
    } catch (error) {
      if (options.isStream) throw error;
      return Promise.reject(error);
    }
    const passage = new Passage(call, options);
    passages.set(options, passage);
    carry(options, passage);
    const result = next(options);
    return options.isStream
      ? watchStream(result as Stream, passage)
      : watchPromise(result as Result, passage);
  }

  /** Gives a request's options, and through them its retries and redirects, the hooks of its call. */
  function carry({ hooks, retry }: Options, passage: Passage): void {
    for (const name of ['beforeRequest', 'beforeError'] as const) {
      const hook: Hook = passage[name];
      const list = hooks[name];
      const others = list.filter((other) => !own.has(other));
      const place = list.findIndex((other) => own.has(other));
      others.splice(place < 0 ? others.length : place, 0, hook);
      list.splice(0, list.length, ...others);
      own.add(hook);
    }
    retry.calculateDelay = passage.calculateDelay;
    if ('enforceRetryRules' in retry) retry.enforceRetryRules = false;
  }

  // They mark the place that a call's own hooks take.
  const hooks = { beforeRequest: [(): void => undefined], beforeError: [(error: Error): Error => error] };
  for (const [hook] of Object.values(hooks)) own.add(hook as Hook);
  return { handlers: [handle], hooks };
}
