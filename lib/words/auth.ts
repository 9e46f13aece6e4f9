import type { RequestFacts } from './types.ts';

/** A bearer token and, when known, the moment it expires by the system's clock: Unix ms, or a Date. */
export interface Token {
  /** The bearer token, without the word `Bearer`. */
  readonly token: string;
  /** Moment at which it expires, by the wall clock: Unix ms (not seconds), or a `Date`. Default: unknown, kept until refused. */
  readonly expiresAt?: number | Date | undefined;
}

/** Fetches tokens. `previous` is the one that expired or was refused. */
export interface TokenSource {
  /** Gets a token; `previous` is the one that was refused, where one was. */
  token(ask: { readonly signal: AbortSignal; readonly previous: string | undefined }): Promise<Token> | Token;
}

/** The part of an Azure `TokenCredential` that is used (`@azure/core-auth`). */
export interface TokenCredential {
  /** Gets a token for a scope, or for several; `expiresOnTimestamp` is Unix ms. */
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
 * Makes headers that must not be old: signatures, timestamps, nonces. Called for each attempt and each leg of a redirect
 * once its permit is granted, right before it is sent. The request's headers include the gate's own token.
 */
export type Sign = (
  request: RequestFacts,
) => SignedHeaders | undefined | PromiseLike<SignedHeaders | undefined>;
