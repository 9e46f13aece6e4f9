import { type Clock, wallOf } from '../time/clock.ts';
import type { Token, TokenCredential, TokenSource } from '../words/auth.ts';
import type { Profile, RequestFacts } from '../words/types.ts';

/** Time before its expiry at which a token is renewed, in ms; at most this fraction of its life. */
const EARLY_MS = 60_000;
const EARLY_FRACTION = 0.1;

/** Initial and maximum time without another fetch, in ms, once a replacement token is refused as well. */
const FIRST_REFUSAL_MS = 30_000;
const LONGEST_REFUSAL_MS = 10 * 60_000;

/** Maximum duration of a fetch, in ms: a source that hangs once must not end every later call. */
const LONGEST_FETCH_MS = 60_000;

/** Characters allowed in a token that is sent in a header. */
const SENDABLE = /^[!-~]+$/;

/** The current token. Concurrent requests share one fetch; a failed fetch is not remembered. */
export class Tokens {
  readonly #clock: Clock;
  readonly #fetch: (previous: string | undefined, signal: AbortSignal) => Promise<Token>;
  /** Fires when the gate closes. */
  readonly #signal: AbortSignal;
  #token: string | undefined;
  /** Moment of renewal, on the wall clock (as the server counts) and on the monotonic clock (which never goes back). */
  #renewAt = Infinity;
  #renewBy = Infinity;
  #flight: Promise<string> | undefined;
  /** Moment of the last fetch, if its token replaced a refused one and has not been refused itself. */
  #replacedAt: number | undefined;
  /** End and length of the period in which a refusal causes no fetch. */
  #refusedUntil = -Infinity;
  #refusedMs = 0;

  constructor(
    source: TokenSource | TokenCredential,
    scope: string | undefined,
    clock: Clock,
    signal: AbortSignal,
  ) {
    this.#clock = clock;
    this.#signal = signal;
    this.#fetch =
      'getToken' in source
        ? async (_, abortSignal) => {
            const access = await source.getToken(scope ?? [], { abortSignal });
            if (!access) throw new Error(`The credential returned no token for the scope '${scope ?? ''}'`);
            return { token: access.token, expiresAt: access.expiresOnTimestamp };
          }
        : async (previous, signal) => source.token({ signal, previous, scope });
  }

  /** The token, unless it is about to expire. */
  get current(): string | undefined {
    if (this.#renewAt === Infinity) return this.#token;
    const due = wallOf(this.#clock) >= this.#renewAt || this.#clock.now() >= this.#renewBy;
    return due ? undefined : this.#token;
  }

  /**
   * The server refused this token. Returns whether another token may help: not if this one has just replaced
   * a refused one, since then it is fresh and the service still does not accept it. Remembers that for 30 s,
   * doubling each time up to 10 minutes.
   */
  refused(token: string): boolean {
    // Another token was fetched meanwhile.
    if (token !== this.#token) return true;
    const now = this.#clock.now();
    const replacedAt = this.#replacedAt;
    this.#replacedAt = undefined;
    if (replacedAt !== undefined && now - replacedAt < FIRST_REFUSAL_MS) {
      const again = now - this.#refusedUntil < LONGEST_REFUSAL_MS;
      this.#refusedMs = again ? Math.min(LONGEST_REFUSAL_MS, 2 * this.#refusedMs) : FIRST_REFUSAL_MS;
      this.#refusedUntil = now + this.#refusedMs;
    }
    return now >= this.#refusedUntil;
  }

  /** Returns a token; fetches one if there is none or if the current one is `refused`. */
  get(refused?: string): Promise<string> {
    const { current } = this;
    if (current !== undefined && current !== refused) return Promise.resolve(current);
    const replaces = refused !== undefined && refused === this.#token;
    this.#flight ??= this.#renew(replaces).finally(() => {
      this.#flight = undefined;
    });
    return this.#flight;
  }

  /** Asks the source, for a limited time. */
  async #bounded(): Promise<Token> {
    const late = new AbortController();
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = this.#clock.setTimer(
      () => {
        const error = new Error(`The token source of option 'auth' took longer than ${LONGEST_FETCH_MS} ms`);
        late.abort(error);
        reject(error);
      },
      LONGEST_FETCH_MS,
      false,
    );
    try {
      return await Promise.race([
        this.#fetch(this.#token, AbortSignal.any([this.#signal, late.signal])),
        promise,
      ]);
    } finally {
      timer.cancel();
    }
  }

  async #renew(replaces: boolean): Promise<string> {
    // Checked here, since the client's own error message would show the token.
    const { token, expiresAt } = ((await this.#bounded()) ?? {}) as Partial<Token>;
    if (typeof token !== 'string' || !SENDABLE.test(token)) {
      throw new TypeError(
        "Option 'auth': expected its source to return { token }, a string of visible ASCII characters",
      );
    }
    const now = wallOf(this.#clock);
    const given = expiresAt === undefined ? Infinity : Number(expiresAt);
    // In seconds, as the `expires_at` of many SDKs: read as ms, it would lie decades ago.
    const expiry = given < now / 100 ? given * 1000 : given;
    this.#token = token;
    this.#replacedAt = replaces ? this.#clock.now() : undefined;
    // A token that is already expired is used until the server refuses it.
    const lifeMs =
      expiry > now ? expiry - now - Math.min(EARLY_MS, (expiry - now) * EARLY_FRACTION) : Infinity;
    this.#renewAt = now + lifeMs;
    this.#renewBy = this.#clock.now() + lifeMs;
    return token;
  }
}

/** The tokens of a gate: one for each audience that its profile tells apart. */
export class TokenBook {
  readonly #make: (scope: string | undefined) => Tokens;
  readonly #profile: Profile;
  /** The tokens of the profile's own scope. */
  readonly #main: Tokens;
  readonly #others = new Map<string, Tokens>();

  constructor(source: TokenSource | TokenCredential, profile: Profile, clock: Clock, signal: AbortSignal) {
    this.#make = (scope) => new Tokens(source, scope, clock, signal);
    this.#profile = profile;
    this.#main = this.#make(profile.scope);
  }

  /** The tokens for a request's audience. */
  of({ url, unreadable }: RequestFacts): Tokens {
    const own = unreadable ? undefined : this.#profile.scopeOf?.(url);
    if (own === undefined || own === this.#profile.scope) return this.#main;
    let tokens = this.#others.get(own);
    if (tokens === undefined) {
      tokens = this.#make(own);
      this.#others.set(own, tokens);
    }
    return tokens;
  }
}
