import { type FetchLike, type GatedFetch, gatedFetch } from './clients/fetch/index.ts';
import { wrapped } from './clients/function/index.ts';
import { Core } from './core.ts';
import type { Listener } from './events/emitter.ts';
import type { Tracer } from './events/tracer.ts';
import type { AnyEvent, EventName } from './events/types.ts';
import type { Environment, FetchHeadgate } from './headgate-types.ts';
import type { HeadgateOptions } from './options/types.ts';
import { OptionsError } from './words/errors.ts';

/**
 * Creates a gate in front of an API, like `headgate()` of `headgate`, but without the code for got, undici and axios, for
 * small bundles. Throws `OptionsError`, which names the invalid option, its value and the values allowed.
 *
 * @example
 * const gate = headgate({ quotas: [{ match: { path: '/v1/items' }, windows: [{ limit: 100, per: '1m' }] }] });
 * const response = await gate.fetch()('https://api.example.com/v1/items');
 * await gate.close();
 */
export function headgate(options: HeadgateOptions = {}, environment: Environment = {}): FetchHeadgate {
  return new FetchComposition(options, environment);
}

/** The clients that need no package of their own. */
export class FetchComposition extends Core implements FetchHeadgate {
  fetch(fetchLike?: FetchLike): GatedFetch {
    if (fetchLike !== undefined && typeof fetchLike !== 'function') {
      throw new OptionsError('fetch', fetchLike, 'a function with the signature of fetch');
    }
    return gatedFetch(this.open, this.warn, fetchLike);
  }

  on<Name extends EventName>(name: Name, listener: Listener<Name>): this {
    this.emitter.on(name, listener);
    return this;
  }

  once<Name extends EventName>(name: Name, listener: Listener<Name>): this {
    this.emitter.once(name, listener);
    return this;
  }

  off<Name extends EventName>(name: Name, listener: Listener<Name>): this {
    this.emitter.off(name, listener);
    return this;
  }

  trace(tracer: Tracer): () => void {
    return this.emitter.tracers.add(tracer);
  }

  events(): AsyncIterableIterator<AnyEvent> {
    return this.emitter.events();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  wrap(fn: unknown, options: unknown): never {
    return wrapped(this.open, this.warn, fn, options) as never;
  }
}
