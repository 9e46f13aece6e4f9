import type { Headers as HeaderRecord, RequestFacts } from '../../words/types.ts';
import { headersOf } from '../shared/response-reading.ts';
import { unreadable } from '../shared/unreadable.ts';
import { bodyOf, type FetchInit, type FetchInput, isReplayableInit, membersOf } from './leg.ts';

/** A request that the gate cannot read, such as one by a relative URL: it is sent as its user gave it. */
export class OpaqueLeg implements RequestFacts {
  readonly method: string;
  readonly url: URL;
  readonly headers: HeaderRecord | undefined;
  readonly unreadable = true;
  /** The user's signal, if there is one. */
  readonly signal: AbortSignal | undefined;
  readonly redirects = 0;
  /** The fetch follows redirects by itself. */
  readonly followed = false;
  readonly replayable: boolean;
  readonly #input: FetchInput;
  readonly #init: FetchInit | undefined;
  /** A copy of the init, if it can be read. */
  readonly #own: FetchInit | undefined;

  constructor(input: FetchInput, init: FetchInit | undefined) {
    this.#input = input;
    this.#init = init;
    this.#own = attempt(() => ownInit(init));
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

  /** What to call fetch with. Its own signal is added, unless the user's arguments are beyond understanding. */
  args(signal: AbortSignal): [FetchInput, FetchInit | undefined] {
    if (!this.#own || (this.#own.signal && !this.signal)) return [this.#input, this.#init];
    return [this.#input, { ...this.#own, signal }];
  }

  redirected(): undefined {
    return undefined;
  }
}

/** The init as it is now, without what is for the gate. Throws where it is none. */
function ownInit(init: FetchInit | undefined): FetchInit {
  if (typeof (init ?? {}) !== 'object' && typeof init !== 'function') throw new TypeError('No init');
  const { headgate: _asked, ...rest } = membersOf(init) as FetchInit & { headgate?: unknown };
  return rest;
}

/** What is read may be a proxy, or have getters that throw. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
