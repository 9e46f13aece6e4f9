import { type Clock, wallOf } from '../time/clock.ts';
import type { Token, TokenCredential, TokenSource } from '../words/auth.ts';

/** A token is renewed this long before it expires, in ms, or a tenth of its life before when that is less. */
const EARLY_MS = 60_000;
const EARLY_SHARE = 0.1;

/** What a header can carry. */
const SENDABLE = /^[!-~]+$/;

/** The current token, fetched once for all who ask at the same time. A failure to fetch is not remembered. */
export class Tokens {
  readonly #clock: Clock;
  readonly #fetch: (previous: string | undefined) => Promise<Token>;
  #token: string | undefined;
  /** On the wall clock, by which the server counts; and on the monotonic one, which nobody sets back. */
  #renewAt = Infinity;
  #renewBy = Infinity;
  #flight: Promise<string> | undefined;

  constructor(
    source: TokenSource | TokenCredential,
    scope: string | undefined,
    clock: Clock,
    signal: AbortSignal,
  ) {
    this.#clock = clock;
    this.#fetch =
      'getToken' in source
        ? async () => {
            const access = await source.getToken(scope ?? [], { abortSignal: signal });
            if (!access) throw new Error(`The credential gave no token for the scope '${scope ?? ''}'`);
            return { token: access.token, expiresAt: access.expiresOnTimestamp };
          }
        : async (previous) => source.token({ signal, previous });
  }

  /** The token, when there is one that is not about to expire. */
  get current(): string | undefined {
    if (this.#renewAt === Infinity) return this.#token;
    const due = wallOf(this.#clock) >= this.#renewAt || this.#clock.now() >= this.#renewBy;
    return due ? undefined : this.#token;
  }

  /** A token; fetched when there is none, or when the current one is `refused`. */
  get(refused?: string): Promise<string> {
    const { current } = this;
    if (current !== undefined && current !== refused) return Promise.resolve(current);
    this.#flight ??= this.#renew().finally(() => {
      this.#flight = undefined;
    });
    return this.#flight;
  }

  async #renew(): Promise<string> {
    // Refused here, and not by the client: its message would show the token.
    const { token, expiresAt } = ((await this.#fetch(this.#token)) ?? {}) as Partial<Token>;
    if (typeof token !== 'string' || !SENDABLE.test(token)) {
      throw new TypeError(
        "Option 'auth': expected { token } from its source, text of visible ASCII characters",
      );
    }
    const now = wallOf(this.#clock);
    const expiry = expiresAt === undefined ? Infinity : Number(expiresAt);
    this.#token = token;
    // A source that answers with a token already old is believed until the server refuses it.
    const lifeMs = expiry > now ? expiry - now - Math.min(EARLY_MS, (expiry - now) * EARLY_SHARE) : Infinity;
    this.#renewAt = now + lifeMs;
    this.#renewBy = this.#clock.now() + lifeMs;
    return token;
  }
}
