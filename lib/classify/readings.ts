import type { Classification, Outcome, Profile, Verdict } from '../words/types.ts';
import { LONGEST_WAIT_MS } from '../words/types.ts';
import { classifyHttp } from './http.ts';

/** A reading of the user's own, over the profile's. */
export type Reread = (read: Classification) => Classification;

const VERDICTS: ReadonlySet<unknown> = new Set<Verdict>([
  'success',
  'throttled',
  'transient',
  'unauthorized',
  'terminal',
]);

/**
 * The door through which readings enter: whatever a profile or a `classify` of the user's returns, what leaves here has
 * a verdict and a wait that is absent or a number from 0 to {@link LONGEST_WAIT_MS}.
 */
export class Readings {
  readonly #profile: Profile;
  readonly #warn: (code: string, message: string) => void;

  constructor(profile: Profile, warn: (code: string, message: string) => void) {
    this.#profile = profile;
    this.#warn = warn;
  }

  /** The profile's reading of an outcome, or HTTP's if the profile fails; then the user's own. Throws what `reread` throws. */
  read(outcome: Outcome, reread?: Reread): Classification {
    const read = this.#profiled(outcome);
    if (!reread) return read;
    const own = reread(read);
    if (VERDICTS.has(own?.verdict))
      return this.#bounded(own, 'classify-failed', "A 'classify' of the user's");
    this.#warn('classify-failed', `A 'classify' gave ${noVerdict(own)}: the gate's own reading holds`);
    return read;
  }

  #profiled(outcome: Outcome): Classification {
    const name = `The profile '${this.#profile.name}'`;
    try {
      const read = this.#profile.classify(outcome);
      if (!VERDICTS.has(read.verdict)) throw new TypeError(`it gave ${noVerdict(read)}`);
      return this.#bounded(read, 'profile-failed', name);
    } catch (error) {
      // A throw inside a client's event would end the process, and the permit would be held for good.
      const why = error instanceof Error ? error.message : typeof error;
      this.#warn('profile-failed', `${name} could not read an outcome: ${why}`);
      return classifyHttp(outcome);
    }
  }

  /** The same with a wait that a schedule can hold; a wait that is no number counts as not named. */
  #bounded(read: Classification, code: string, whose: string): Classification {
    const wait: unknown = read.retryAfterMs;
    if (wait === undefined) return read;
    if (typeof wait === 'number' && wait >= 0 && wait <= LONGEST_WAIT_MS) return read;
    if (typeof wait === 'number' && !Number.isNaN(wait)) {
      return { ...read, retryAfterMs: Math.max(0, Math.min(wait, LONGEST_WAIT_MS)) };
    }
    if (wait !== null) {
      const what =
        typeof wait === 'object' ? 'an object' : typeof wait === 'number' ? 'NaN' : `a ${typeof wait}`;
      this.#warn(code, `${whose} gave ${what} for retryAfterMs, which is a number of ms: it was ignored`);
    }
    return { ...read, retryAfterMs: undefined, retryAfterSource: undefined };
  }
}

function noVerdict(read: Classification | undefined): string {
  const verdict: unknown = read?.verdict;
  return typeof verdict === 'string' ? `no known verdict: '${verdict.slice(0, 40)}'` : 'no verdict';
}
