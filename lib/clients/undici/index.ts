/**
 * undici, 6 and later, as an interceptor of its dispatch: `agent.compose(gate.undici())`. With that agent as the
 * global one, every fetch and undici request of the process passes the gate.
 *
 * Nothing but a good response's head, or the last failure, is passed on: until then an error's body is held back,
 * as far as it is read, and the request dispatched again. The handler sees one request, with one controller.
 */
import type { OpenCall } from '../../call/call.ts';
import type { RequestFacts } from '../../words/types.ts';
import { type Warn, warnOfStacked } from '../shared/stacked.ts';
import { RequestBody } from './body.ts';
import {
  type Fields,
  fieldsOf,
  type Handler,
  isLegacy,
  type LegacyHandler,
  legacy,
  modern,
} from './handlers.ts';
import { Passage } from './passage.ts';

/** What `gate.undici()` gives to `compose`, of any major of undici. */
export type UndiciInterceptor = <Dispatch>(dispatch: Dispatch) => Dispatch;

/** undici's DispatchOptions, as far as they are used. */
interface Options {
  readonly origin?: string | URL;
  readonly path: string;
  readonly query?: Record<string, unknown>;
  readonly method: string;
  readonly headers?: unknown;
  readonly body?: unknown;
  /** What the call asks for itself. */
  readonly headgate?: unknown;
}

type Dispatch = (options: Options, handler: Handler | LegacyHandler) => boolean;

const RETRY_HANDLER =
  "undici's own retry stands before the gate, and the attempts of both multiply: leave interceptors.retry or RetryAgent out";

export function undiciInterceptor(open: OpenCall, warn: Warn): UndiciInterceptor {
  const intercept =
    (dispatch: Dispatch): Dispatch =>
    (options, handler) => {
      let facts: Facts;
      let old: boolean;
      try {
        facts = new Facts(options);
        old = isLegacy(handler);
      } catch {
        // undici refuses it too, with an error of its own.
        return dispatch(options, handler);
      }
      const { headgate: asked, ...rest } = options;
      const call = open(asked, facts);
      warnOfStacked((name) => facts.header(name), warn);
      if (handler.constructor?.name === 'RetryHandler') warn('stacked-retries', RETRY_HANDLER);
      const passage = new Passage(call, facts, old ? modern(handler) : handler, (told, changes) =>
        dispatch({ ...rest, ...changes }, old ? legacy(told) : told),
      );
      return passage.begin(options.headers);
    };
  return intercept as unknown as UndiciInterceptor;
}

/** What profiles may know of the request. */
class Facts implements RequestFacts {
  readonly method: string;
  readonly url: URL;
  readonly requestBody: RequestBody;
  readonly #options: Options;
  #headers: Fields | undefined;

  constructor(options: Options) {
    const { origin = '', path, query } = options;
    this.method = options.method.toUpperCase();
    this.url = new URL(path.startsWith('/') ? `${String(origin).replace(/\/$/, '')}${path}` : path);
    for (const [name, value] of Object.entries(query ?? {}))
      this.url.searchParams.append(name, String(value));
    this.requestBody = new RequestBody(options.body);
    this.#options = options;
  }

  get headers(): Fields {
    this.#headers ??= fieldsOf(this.#options.headers);
    return this.#headers;
  }

  /** One header by the name that its sender writes, mostly without the work of reading all. */
  header(name: string): string | undefined {
    const given = this.#options.headers;
    if (given === undefined || given === null) return undefined;
    const plain = typeof given === 'object' && !(Symbol.iterator in given);
    const fields = plain ? (given as Fields) : this.headers;
    const found = fields[name] ?? fields[name.toLowerCase()];
    return Array.isArray(found) ? found[0] : found;
  }

  body(): string | undefined {
    return this.requestBody.text();
  }
}
