import { OptionsError } from '../../words/errors.ts';
import type { GotInstance, Options } from './types.ts';

/** Whether this is a got with `getRequestFunction` on its options; got 11 and older have plain objects there. */
export function isGot(given: unknown): given is GotInstance {
  if (typeof given !== 'function') return false;
  const { extend, defaults } = given as Partial<GotInstance>;
  const { getRequestFunction } = (defaults?.options ?? {}) as Partial<Options>;
  return typeof extend === 'function' && typeof getRequestFunction === 'function';
}

/** Error for a value that is no such got, with advice on what was given instead. */
export function noGot(given: unknown): OptionsError {
  const remedy = remedyFor((given ?? {}) as Record<string, unknown>);
  return new OptionsError(
    'got',
    given,
    "a got instance, version 14 or later (import got from 'got')",
    remedy,
  );
}

function remedyFor(given: Readonly<Record<string, unknown>>): string {
  if (typeof given.then === 'function') return 'await the promise first';
  if (isGot(given.default)) return 'this is the module: use its default export';
  if ('mergeOptions' in given || 'mergeOptions' in ((given.default ?? {}) as object)) {
    return 'this is an older got: update it, or use gate.fetch() or gate.wrap()';
  }
  if ('interceptors' in given) return 'this is axios: use gate.axios()';
  if ('extend' in given && 'stop' in given) return 'this is ky: give it the option fetch: gate.fetch()';
  return '';
}
