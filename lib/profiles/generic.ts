import { classifyAnswer } from '../classify/answer.ts';
import { ACCOUNT, type Profile, type QuotaRef } from '../words/types.ts';

/**
 * A profile for any API: each origin has one quota with unknown limits. Answers are read by status, headers and the common
 * shapes of error bodies; the status decides, unless a header or a known code says otherwise.
 */
export function generic(): Profile {
  // Most programs use one origin: comparing it is cheaper than building the key again.
  let last: QuotaRef = { key: '', windows: [] };
  let lastRoot = '';
  return {
    name: 'generic',
    quota({ url }) {
      if (lastRoot !== '' && url.href.startsWith(lastRoot)) return last;
      last = { key: url.origin, windows: [], bucket: ACCOUNT };
      lastRoot = `${last.key}/`;
      return last;
    },
    classify: classifyAnswer,
  };
}
