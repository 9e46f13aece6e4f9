import type { RequestFacts } from './types.ts';

/** A bearer token and, if known, its expiry. */
export interface Token {
  /** The bearer token, without the word `Bearer`. */
  readonly token: string;
  /** Expiry on the wall clock: Unix ms or a `Date`; Unix seconds are detected. Default: unknown; the token is used until refused. */
  readonly expiresAt?: number | Date | undefined;
}

/** A source of bearer tokens. */
export interface TokenSource {
  /**
   * Returns a token. `previous` is the scope's last token, which expired or was refused, if there was one. `scope` is the OAuth
   * scope that the profile names for the request.
   */
  token(ask: {
    readonly signal: AbortSignal;
    readonly previous: string | undefined;
    readonly scope?: string | undefined;
  }): Promise<Token> | Token;
}

/** The part of an Azure `TokenCredential` that is used (`@azure/core-auth`). */
export interface TokenCredential {
  /** Returns a token for one or more scopes; `expiresOnTimestamp` is Unix ms. */
  getToken(
    scopes: string | string[],
    options?: { abortSignal?: AbortSignal },
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
}

/** Headers in any of the usual forms: a record, or pairs of name and value, such as a `Headers`. */
export type SignedHeaders =
  | Readonly<Record<string, string | number | undefined>>
  | Iterable<readonly [string, string]>;

/**
 * Makes headers that must be fresh: signatures, timestamps, nonces. Called for each attempt and each leg of a redirect
 * once its permit is granted, right before it is sent. The request's headers include the gate's own token.
 */
export type Sign = (
  request: RequestFacts,
) => SignedHeaders | undefined | PromiseLike<SignedHeaders | undefined>;
