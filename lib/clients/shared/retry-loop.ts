import pRetry, { type Options } from 'p-retry';
import type { Ending } from '../../call/attempt.ts';
import type { Call } from '../../call/call.ts';
import { type Abortable, heed, reasonOf } from './interruptible.ts';

/** How one attempt went, as reported by its client. */
export interface Tried<T> {
  readonly ending: Ending;
  /** Whether the request's body can be sent again. */
  readonly replayable: boolean;
  /** What the client itself would have returned or thrown. */
  readonly result: { readonly value: T } | { readonly error: unknown };
  /** Releases the response; called if it is not the one returned to the user. */
  drop?(): void;
  /** Present if the body is handed out as a stream: returns the result with that stream watched. */
  watch?(): T;
}

/** Asks p-retry for another attempt; never reaches the user. */
class Again extends Error {}

/** p-retry options without limits: the call decides how many attempts are made, and when. */
const FOREVER: Options = {
  retries: Infinity,
  minTimeout: 0,
  shouldRetry: ({ error }) => error instanceof Again,
};

/**
 * The retry loop, on p-retry, for a client without one: makes attempts until the call's policy stops. The call and the
 * gate do all the waiting; p-retry adds none.
 *
 * @param attempt admits, sends and reads; throws only if an attempt could not be made
 * @param signal aborts the call, which then throws the client's own error, or the signal's reason if there is none
 * @returns the last attempt's result. Throws the client's own error, or a `HeadgateError` if the client has none
 */
export async function retrying<T>(
  call: Call,
  attempt: () => Promise<Tried<T>>,
  signal?: Abortable | undefined,
): Promise<T> {
  const leave = heed(call, signal);
  try {
    const tried = await attempt();
    // Most calls need only one attempt.
    const over = backOff(call, tried);
    return concluded(call, over ? await over.then(() => following(call, attempt)) : tried, signal);
  } catch (error) {
    throw call.fail(error);
  } finally {
    leave();
  }
}

/** Makes further attempts, by p-retry, until one is the last. */
function following<T>(call: Call, attempt: () => Promise<Tried<T>>): Promise<Tried<T>> {
  return pRetry(async () => {
    const tried = await attempt();
    const over = backOff(call, tried);
    if (!over) return tried;
    await over;
    throw new Again();
  }, FOREVER);
}

/** Returns or throws the result of the last attempt. */
function concluded<T>(call: Call, tried: Tried<T>, signal: Abortable | undefined): T {
  const { ending, result } = tried;
  if ('error' in result) throw call.fail(result.error, ending);
  // The user may have aborted from a listener, while the attempt was settled.
  if (call.sealed && signal?.aborted) {
    tried.drop?.();
    throw reasonOf(signal);
  }
  const lasts = tried.watch && call.limitsSilence && !call.sealed;
  const doom = lasts ? undefined : call.deliver();
  if (!doom) return tried.watch?.() ?? result.value;
  tried.drop?.();
  throw doom;
}

/** The backoff before another attempt; `undefined` if none is to be made. */
function backOff(call: Call, tried: Tried<unknown>): Promise<void> | undefined {
  const { ending, replayable } = tried;
  const decision = call.settle(ending, { replayable, allowed: true });
  if (!decision.resend) return undefined;
  tried.drop?.();
  return call.backOff(decision);
}
