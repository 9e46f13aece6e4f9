import pRetry, { type Options } from 'p-retry';
import type { Ending } from '../call/attempt.ts';
import type { Call } from '../call/call.ts';

/** How one attempt went, as the client that made it can tell. */
export interface Tried<T> {
  readonly ending: Ending;
  /** The request's body can be sent again. */
  readonly replayable: boolean;
  /** What the client would have given or thrown by itself. */
  readonly result: { readonly value: T } | { readonly error: unknown };
  /** Frees what the response holds; called when it is not the one to be given. */
  drop?(): void;
}

/** Asks p-retry for another attempt; never seen by anybody else. */
class Again extends Error {}

/** How many attempts are made, and when, is the call's to decide. */
const FOREVER: Options = {
  retries: Infinity,
  minTimeout: 0,
  shouldRetry: ({ error }) => error instanceof Again,
};

/**
 * The loop of a client that has no retry of its own, by p-retry: one attempt after another, until the call's
 * policy lets no more be made. All waiting is the call's and the gate's; p-retry adds none.
 *
 * @param attempt admits, sends and reads; it throws only what keeps an attempt from being made
 * @returns the last attempt's result. Throws the client's own error, or ours where no client knows it
 */
export async function retrying<T>(call: Call, attempt: () => Promise<Tried<T>>): Promise<T> {
  /** One attempt; nothing when another is to be made. */
  const next = async (): Promise<Tried<T> | undefined> => {
    const tried = await attempt();
    const decision = call.settle(tried.ending, { replayable: tried.replayable, allowed: true });
    if (!decision.resend) return tried;
    tried.drop?.();
    await call.backOff(decision);
    return undefined;
  };
  let tried: Tried<T>;
  try {
    // Most calls need no loop.
    tried =
      (await next()) ?? (await pRetry(async () => (await next()) ?? Promise.reject(new Again()), FOREVER));
  } catch (error) {
    throw call.fail(error);
  }
  const { ending, result } = tried;
  if ('error' in result) throw call.fail(result.error, ending);
  const doom = call.deliver();
  if (doom) {
    tried.drop?.();
    throw doom;
  }
  return result.value;
}
