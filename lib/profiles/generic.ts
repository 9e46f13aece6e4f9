import { sanitizeId } from '../classify/correlation-id.ts';
import { layersOf, readErrorEnvelope } from '../classify/error-body.ts';
import { classifyHttp } from '../classify/http.ts';
import type { Profile, QuotaRef } from '../words/types.ts';

/**
 * A profile that knows only HTTP: each origin has one quota of unknown limits, and the status decides. The code of an
 * error body in a common shape is reported but does not influence the verdict.
 */
export function generic(): Profile {
  // Most programs use one origin: comparing it is cheaper than building it again.
  let last: QuotaRef = { key: '', windows: [] };
  let lastRoot = '';
  return {
    name: 'generic',
    quota({ url }) {
      if (lastRoot !== '' && url.href.startsWith(lastRoot)) return last;
      last = { key: url.origin, windows: [] };
      lastRoot = `${last.key}/`;
      return last;
    },
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
