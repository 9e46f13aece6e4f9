import type { HeadgateErrorCode } from '../index.ts';

/** Meanings of the codes of Headgate's own errors, and what to do. */
const MEANINGS: Readonly<Record<HeadgateErrorCode, string>> = {
  ERR_HEADGATE_OPTIONS: 'An option is not allowed: the message names it, its value and what is allowed.',
  ERR_HEADGATE_DEADLINE:
    "The call could not end before its deadline. `waitMs` is the wait that was needed: raise `retry.deadline`, or the call's own `deadline`, above it, or send fewer calls at once.",
  ERR_HEADGATE_QUEUE_FULL:
    'The queue already holds `maxQueue` attempts: start calls more slowly, or raise `maxQueue`.',
  ERR_HEADGATE_CLOSED:
    'The gate was closed before the call ended. Close it after the work, or with `{ drain }`.',
  ERR_HEADGATE_LEDGER:
    'The ledger (Redis) cannot be reached, and is configured to let nothing through in that case.',
  ERR_HEADGATE_WAIT:
    'The call would have to wait longer than `retry.inline` allows: run it again at `retryAt`, or raise `retry.inline`.',
  ERR_HEADGATE_OUTAGE:
    "The server is down, and `retry.outage` is 'fail': run the call again at `retryAt`, when the next probe is due.",
  ERR_HEADGATE_COST:
    'The call costs more than a window of its quota ever allows, so waiting does not help. Split it, or correct its cost.',
};

/** The meaning of one of Headgate's own codes; `undefined` for any other. */
export function ownCode(code: string): string | undefined {
  return Object.hasOwn(MEANINGS, code) ? MEANINGS[code as HeadgateErrorCode] : undefined;
}
