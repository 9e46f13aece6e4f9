import type { Headers as HeaderRecord, RequestFacts } from '../../words/types.ts';
import { headersOf } from '../shared/response-reading.ts';
import { unreadable } from '../shared/unreadable.ts';
import { bodyOf, type FetchInit, type FetchInput, isReplayableInit, readInit } from './leg.ts';

/** A request that the gate cannot read, such as one with a relative URL. It is sent as the user gave it. */
export class OpaqueLeg implements RequestFacts {
  readonly method: string;
  readonly url: URL;
  readonly headers: HeaderRecord | undefined;
  readonly unreadable = true;
  /** The user's signal, if any. */
  readonly signal: AbortSignal | undefined;
  readonly redirects = 0;
  /** The gate follows no redirects here: the fetch does. */
  readonly followed = false;
  readonly replayable: boolean;
  readonly #input: FetchInput;
  readonly #init: FetchInit | undefined;
  /** A copy of the init, if it could be read. */
  readonly #own: FetchInit | undefined;

  constructor(input: FetchInput, init: FetchInit | undefined) {
    this.#input = input;
    this.#init = init;
    this.#own = attempt(() => readInit(init).own);
    const request = attempt(() => (typeof input === 'object' ? (input as Request) : undefined));
    const peek = <Key extends keyof FetchInit & keyof Request>(key: Key): unknown =>
      attempt(() => this.#own?.[key]) ?? attempt(() => request?.[key]);
    const { method, url } = unreadable({
      method: peek('method'),
      target: typeof input === 'string' ? input : attempt(() => request?.url),
    });
    this.method = method;
    this.url = url;
    this.headers = attempt(() => headersOf(peek('headers')));
    const signal = peek('signal') as AbortSignal | undefined;
    this.signal = attempt(() => typeof signal?.addEventListener === 'function') ? signal : undefined;
    const reads = method === 'GET' || method === 'HEAD';
    this.replayable =
      this.#own !== undefined && isReplayableInit(this.#own.body) && (reads || request === undefined);
  }

  /** Whether the platform's own fetch refuses the request before anything is sent. */
  get isRefused(): boolean {
    if (typeof this.#input === 'object') return false;
    const init = this.#own ? { ...this.#own, body: null } : this.#init;
    return attempt(() => new Request(this.#input as string, init as RequestInit)) === undefined;
  }

  header(name: string): string | undefined {
    const value = this.headers?.[name.toLowerCase()];
    return typeof value === 'string' ? value : value?.[0];
  }

  body(): string | undefined {
    return bodyOf(this.#own?.body);
  }

  /** Arguments for fetch. The attempt's signal is added unless the user's arguments cannot be read. */
  args(signal: AbortSignal): [FetchInput, FetchInit | undefined] {
    if (!this.#own || (this.#own.signal != null && !this.signal)) return [this.#input, this.#init];
    return [this.#input, { ...this.#own, signal }];
  }

  redirected(): undefined {
    return undefined;
  }
}

/** Returns `undefined` if `read` throws: the values may be proxies or have throwing getters. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
