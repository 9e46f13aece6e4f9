import type { Classification, Outcome, Profile, RequestFacts, Verdict } from '../words/types.ts';
import { LONGEST_WAIT_MS } from '../words/types.ts';
import { classifySuccess } from './answer.ts';
import { classifyHttp } from './http.ts';

/** A user's classification, made from the profile's. */
export type Reread = (read: Classification) => Classification;

const VERDICTS: ReadonlySet<unknown> = new Set<Verdict>([
  'success',
  'throttled',
  'transient',
  'unauthorized',
  'terminal',
]);

/**
 * Runs the profile's `classify` and the user's, and validates what they return: the result always has a verdict, and
 * its wait is absent or a number from 0 to {@link LONGEST_WAIT_MS}.
 */
export class Readings {
  readonly #profile: Profile;
  readonly #warn: (code: string, message: string) => void;
  /** Whether the user wants the body of a good answer to this request read. */
  readonly #userReads: ((request: RequestFacts) => boolean) | undefined;
  /** False if neither the user nor the profile reads any body of a good answer. */
  readonly #readsBodies: boolean;

  constructor(
    profile: Profile,
    warn: (code: string, message: string) => void,
    userReads?: (request: RequestFacts) => boolean,
  ) {
    this.#profile = profile;
    this.#warn = warn;
    this.#userReads = userReads;
    this.#readsBodies = userReads !== undefined || profile.readsBody !== undefined;
  }

  /** Whether a good answer to this request may hold a refusal, so that its body is read. */
  readsBody(request: RequestFacts): boolean {
    if (!this.#readsBodies || request.unreadable) return false;
    try {
      return this.#userReads?.(request) === true || this.#profile.readsBody?.(request) === true;
    } catch (error) {
      this.#warn(
        'profile-failed',
        `The profile '${this.#profile.name}' could not read a request: ${messageOf(error)}`,
      );
      return false;
    }
  }

  /** Classifies by the profile, or by HTTP if the profile fails; then by `reread`, whose errors it does not catch. */
  read(outcome: Outcome, reread?: Reread): Classification {
    const read = this.#profiled(outcome);
    if (!reread) return read;
    const own = reread(read);
    if (VERDICTS.has(own?.verdict)) return this.#bounded(own, 'classify-failed', "The user's 'classify'");
    this.#warn('classify-failed', `The user's 'classify' returned ${noVerdict(own)}, so it was ignored`);
    return read;
  }

  #profiled(outcome: Outcome): Classification {
    const name = `The profile '${this.#profile.name}'`;
    try {
      const read = this.#profile.classify(outcome);
      if (!VERDICTS.has(read.verdict)) throw new TypeError(`it returned ${noVerdict(read)}`);
      const byBody =
        read.verdict === 'success' && outcome.body !== undefined && this.#userReads?.(outcome.request);
      return this.#bounded(byBody ? classifySuccess(outcome) : read, 'profile-failed', name);
    } catch (error) {
      // A throw inside a client's event would end the process and leak the permit.
      this.#warn('profile-failed', `${name} could not classify an outcome: ${messageOf(error)}`);
      return classifyHttp(outcome);
    }
  }

  /** Limits the wait to the valid range; ignores a wait that is no number. */
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
      this.#warn(
        code,
        `${whose} returned ${what} for retryAfterMs; expected a number of ms, so it was ignored`,
      );
    }
    return { ...read, retryAfterMs: undefined, retryAfterSource: undefined };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : typeof error;
}

function noVerdict(read: Classification | undefined): string {
  const verdict: unknown = read?.verdict;
  return typeof verdict === 'string' ? `no known verdict: '${verdict.slice(0, 40)}'` : 'no verdict';
}
