import { handing } from './handing.ts';

/** `ApplicationFailure` of Temporal. */
interface Failure {
  create(options: { message: string; type: string; cause: Error; nextRetryDelay: number }): Error;
}

/**
 * An activity that gives its worker back instead of sleeping: a wait longer than the gate's `retry.inline` fails the attempt,
 * and Temporal makes the next one when the quota reopens, whatever interval its retry policy has. (It counts as an attempt:
 * leave `maximumAttempts` unlimited, and bound the activity by `scheduleToCloseTimeout`.)
 *
 * @example export const sendMail = retriedLater((mail: Mail) => send(gate.fetch(), mail), ApplicationFailure);
 * @param ApplicationFailure of `@temporalio/activity` or `@temporalio/common`
 */
export function retriedLater<A extends unknown[], R>(
  activity: (...args: A) => Promise<R>,
  ApplicationFailure: Failure,
): (...args: A) => Promise<R> {
  return (...args) =>
    handing<R, never>(
      () => activity(...args),
      async (wait) => {
        const { message, name: type, waitMs: nextRetryDelay } = wait;
        throw ApplicationFailure.create({ message, type, cause: wait, nextRetryDelay });
      },
    );
}
