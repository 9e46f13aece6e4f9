import { sanitizeId } from '../classify/correlation-id.ts';
import { layersOf, readErrorEnvelope } from '../classify/error-body.ts';
import { classifyHttp } from '../classify/http.ts';
import type { Profile } from '../types.ts';

/**
 * Knows only HTTP: each origin has one quota of unknown limits, and the status decides. The code of an error body
 * in a common shape is passed on, but not read.
 */
export function generic(): Profile {
  return {
    name: 'generic',
    quota: ({ url }) => ({ key: url.origin, windows: [] }),
    classify(outcome) {
      const read = classifyHttp(outcome);
      if (read.code !== undefined || outcome.status === undefined || outcome.status < 400) return read;
      for (const { code } of layersOf(readErrorEnvelope(outcome.body))) {
        const id = sanitizeId(code);
        if (id !== undefined) return { ...read, code: id };
      }
      return read;
    },
  };
}
