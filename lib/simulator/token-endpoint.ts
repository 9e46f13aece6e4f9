import { randomUUID } from 'node:crypto';
import type { Reply } from './types.ts';

/** Settings of the token endpoint. */
export interface TokenRules {
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  /** Lifetime of a token, in simulated ms. */
  readonly lifeMs: number;
  readonly timeScale: number;
}

/** Maximum number of remembered tokens; older ones become unknown. */
const MAX_TOKENS = 10_000;

/** The OAuth 2.0 token endpoint of Microsoft Entra, client credentials only, and the tokens it issued. */
export class TokenEndpoint {
  readonly #rules: TokenRules;
  /** Expiry of each token, in simulated ms. */
  readonly #ends = new Map<string, number>();

  constructor(rules: TokenRules) {
    this.#rules = rules;
  }

  issue(form: URLSearchParams, now: number): Reply {
    const { clientId, clientSecret, lifeMs, timeScale } = this.#rules;
    if (form.get('grant_type') !== 'client_credentials') {
      return refusal('unsupported_grant_type', 70003, 'The grant type is not supported.');
    }
    if (!form.get('client_id') || (clientId !== undefined && form.get('client_id') !== clientId)) {
      return refusal('unauthorized_client', 700016, 'The application was not found in the directory.');
    }
    if (
      !form.get('client_secret') ||
      (clientSecret !== undefined && form.get('client_secret') !== clientSecret)
    ) {
      return refusal('invalid_client', 7000215, 'Invalid client secret provided.');
    }
    const token = `simulated.${randomUUID()}`;
    this.#ends.set(token, now + lifeMs);
    if (this.#ends.size > MAX_TOKENS) this.#ends.delete(this.#ends.keys().next().value as string);
    const seconds = Math.max(1, Math.floor(lifeMs / timeScale / 1000));
    return {
      body: { token_type: 'Bearer', expires_in: seconds, ext_expires_in: seconds, access_token: token },
    };
  }

  judge(authorization: string | undefined, now: number): 'none' | 'good' | 'expired' | 'unknown' {
    if (authorization === undefined) return 'none';
    const end = this.#ends.get(authorization.replace(/^Bearer /i, ''));
    if (end === undefined) return 'unknown';
    return now < end ? 'good' : 'expired';
  }

  expire(): void {
    for (const token of this.#ends.keys()) this.#ends.set(token, -Infinity);
  }
}

/** An error of Entra's token endpoint. */
function refusal(error: string, number: number, text: string): Reply {
  const trace = randomUUID();
  const correlation = randomUUID();
  return {
    status: error === 'invalid_client' ? 401 : 400,
    body: {
      error,
      error_description: `AADSTS${number}: ${text} Trace ID: ${trace} Correlation ID: ${correlation}`,
      error_codes: [number],
      timestamp: new Date().toISOString(),
      trace_id: trace,
      correlation_id: correlation,
    },
  };
}
