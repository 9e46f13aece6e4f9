import pRetry, { type Options } from 'p-retry';
import type { Ending } from '../../call/attempt.ts';
import type { Call } from '../../call/call.ts';
import { HeadgateError } from '../../words/errors.ts';
import { type Abortable, heed } from './interruptible.ts';

/** How one attempt went, as the client that made it can tell. */
export interface Tried<T> {
  readonly ending: Ending;
  /** The request's body can be sent again. */
  readonly replayable: boolean;
  /** What the client would have given or thrown by itself. */
  readonly result: { readonly value: T } | { readonly error: unknown };
  /** Frees what the response holds; called when it is not the one to be given. */
  drop?(): void;
  /** Given where a body is handed on as a stream: the result with its body watched, until whose end the call lasts. */
  watch?(): T;
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
 * @param signal by which its user may give the call up; what it throws then is the signal's reason
 * @returns the last attempt's result. Throws the client's own error, or ours where no client knows it
 */
export async function retrying<T>(
  call: Call,
  attempt: () => Promise<Tried<T>>,
  signal?: Abortable | undefined,
): Promise<T> {
  const leave = heed(call, signal);
  try {
    let tried = await attempt();
    // Most calls need no loop.
    if (await again(call, tried)) {
      const next = async (): Promise<Tried<T>> => {
        const following = await attempt();
        if (await again(call, following)) throw new Again();
        return following;
      };
      tried = await pRetry(next, FOREVER);
    }
    return concluded(call, tried);
  } catch (error) {
    const thrown = call.fail(error);
    throw signal?.aborted && !(thrown instanceof HeadgateError) ? signal.reason : thrown;
  } finally {
    leave();
  }
}

/** What the last attempt came to. */
function concluded<T>(call: Call, tried: Tried<T>): T {
  const { ending, result } = tried;
  if ('error' in result) throw call.fail(result.error, ending);
  if (tried.watch && call.limitsSilence && !call.sealed) return tried.watch();
  const doom = call.deliver();
  if (!doom) return result.value;
  tried.drop?.();
  throw doom;
}

/** Whether another attempt is to be made; resolves once it may be. */
function again(call: Call, tried: Tried<unknown>): Promise<boolean> | false {
  const { ending, replayable } = tried;
  const decision = call.settle(ending, { replayable, allowed: true });
  if (!decision.resend) return false;
  tried.drop?.();
  return call.backOff(decision).then(() => true);
}
