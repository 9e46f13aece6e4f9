/**
 * The client for undici 6 and later: an interceptor of its dispatch, `agent.compose(gate.undici())`. With
 * that agent as the global one, every fetch and undici request of the process passes the gate.
 *
 * The handler sees one request with one controller. It gets only a good response or the last failure: earlier
 * errors are held back while they are read, and dropped when the request is dispatched again.
 */
import type { OpenCall } from '../../call/call.ts';
import { OptionsError } from '../../words/errors.ts';
import { type Warn, warnOfStacked } from '../shared/stacked-retries.ts';
import { isHttp } from '../shared/unreadable.ts';
import { factsOf, headerOf, type Options } from './facts.ts';
import { type Handler, isHandler, isLegacy, type LegacyHandler, modern, wordsOf } from './handlers.ts';
import { originFinder } from './origin.ts';
import { UndiciCall } from './undici-call.ts';

/** Interceptor for `compose()` of any major of undici. */
export type UndiciInterceptor = <Dispatch>(dispatch: Dispatch) => Dispatch;

/** Options of `gate.undici()`. */
export interface UndiciOptions {
  /**
   * Origin of requests that name none, such as `'https://api.example.com'`: those of a Pool, Client or
   * BalancedPool. Default: the origin that undici reports, if it can be found. Without either, such requests
   * use the gate's own quota and carry no token.
   */
  readonly origin?: string | URL | undefined;
}

/** Marks the handlers of a gate's own attempts. */
const GATE = Symbol('headgate');

type Marked = (Handler | LegacyHandler) & { [GATE]?: OpenCall };

type Dispatch = (options: Options, handler: Handler | LegacyHandler) => boolean;

const RETRY_HANDLER =
  "undici's own retry sits above the gate, and the attempts of both multiply: remove interceptors.retry or RetryAgent";

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
      // Not a handler: every major of undici rejects it, each with its own error, before anything is sent.
      if (!isHandler(handler)) return dispatch(options, handler);
      // The agent was composed with this gate twice: the interceptor above has taken the permit.
      if ((handler as Marked)[GATE] === open) return dispatch(options, handler);
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
        (exchange, changes) => {
          const marked: Marked = inOwnWords(exchange);
          marked[GATE] = open;
          return dispatch(options && { ...rest, ...changes }, marked);
        },
      );
      return undiciCall.begin(rest.headers);
    };
  };
  return intercept as unknown as UndiciInterceptor;
}

function originOf({ origin }: UndiciOptions): string | undefined {
  if (origin === undefined) return undefined;
  const url = URL.canParse(String(origin)) ? new URL(String(origin)) : undefined;
  if (url && isHttp(url)) return url.origin;
  throw new OptionsError(
    'undici.origin',
    origin,
    "an origin of http or https, e.g. 'https://api.example.com'",
  );
}
