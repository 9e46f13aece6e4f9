/**
 * undici, 6 and later, as an interceptor of its dispatch: `agent.compose(gate.undici())`. With that agent as the
 * global one, every fetch and undici request of the process passes the gate.
 *
 * Nothing but a good response's head, or the last failure, is passed on: until then an error's body is held back,
 * as far as it is read, and the request dispatched again. The handler sees one request, with one controller.
 */
import type { OpenCall } from '../../call/call.ts';
import { OptionsError } from '../../words/errors.ts';
import { type Warn, warnOfStacked } from '../shared/stacked.ts';
import { factsOf, headerOf, type Options } from './facts.ts';
import { type Handler, isHandler, isLegacy, type LegacyHandler, modern, wordsOf } from './handlers.ts';
import { originFinder } from './origin.ts';
import { UndiciCall } from './undici-call.ts';

/** What `gate.undici()` gives to `compose`, of any major of undici. */
export type UndiciInterceptor = <Dispatch>(dispatch: Dispatch) => Dispatch;

/** Options of `gate.undici()`. */
export interface UndiciOptions {
  /**
   * Origin of requests that name none, such as `'https://api.example.com'`: those of a Pool, Client or BalancedPool.
   * Default: the one that undici tells, where it can be found. Without either, such requests pass under the gate's own
   * quota, without a token.
   */
  readonly origin?: string | URL | undefined;
}

type Dispatch = (options: Options, handler: Handler | LegacyHandler) => boolean;

const RETRY_HANDLER =
  "undici's own retry stands before the gate, and the attempts of both multiply: leave interceptors.retry or RetryAgent out";

/** Throws `OptionsError`. */
export function undiciInterceptor(
  open: OpenCall,
  warn: Warn,
  options: UndiciOptions = {},
): UndiciInterceptor {
  const named = originOf(options);
  const intercept = (dispatch: Dispatch, told?: unknown): Dispatch => {
    const origin = originFinder(dispatch, named ?? told);
    return (options, handler) => {
      // No major sends anything for what is no handler, and each has an error of its own for it.
      if (!isHandler(handler)) return dispatch(options, handler);
      const asked = factsOf(options, origin);
      const { headgate, ...rest } = options ?? {};
      const call = open(headgate, asked);
      warnOfStacked((name) => headerOf(options, asked, name), warn);
      if (handler.constructor?.name === 'RetryHandler') warn('stacked-retries', RETRY_HANDLER);
      const inOwnWords = wordsOf(handler);
      const undiciCall = new UndiciCall(
        call,
        asked,
        isLegacy(handler) ? modern(handler) : handler,
        (exchange, changes) => dispatch(options && { ...rest, ...changes }, inOwnWords(exchange)),
      );
      return undiciCall.begin(rest.headers);
    };
  };
  return intercept as unknown as UndiciInterceptor;
}

function originOf({ origin }: UndiciOptions): string | undefined {
  if (origin === undefined) return undefined;
  const url = URL.canParse(String(origin)) ? new URL(String(origin)) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.origin;
  throw new OptionsError(
    'undici.origin',
    origin,
    "an origin of http or https, e.g. 'https://api.example.com'",
  );
}
