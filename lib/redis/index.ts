/** `headgate/redis`: one quota for a whole fleet. Needs the package `ioredis`, 5. */
import type { Redis } from 'ioredis';
import * as v from 'valibot';
import type { Ledger } from '../ledger/ledger.ts';
import { check, duration, has, object, positive, text } from '../options/schema.ts';
import type { Duration } from '../words/types.ts';
import { connect } from './connection.ts';
import { RedisLedger } from './ledger.ts';

/** After so long a lease goes back, in ms. */
const RENEW_MS = 20_000;

/** Options of {@link redis}: a `client` or a `url`. */
export interface RedisOptions {
  /** An ioredis client. Its settings are copied; its own connection is left alone. */
  readonly client?: Redis;
  /** `redis://` or `rediss://` URL. */
  readonly url?: string;
  /** Begins the name of every key. Gates with the same prefix share their quotas. Default `'headgate'`. */
  readonly prefix?: string;
  /**
   * While Redis is away: `'share'` holds each process to its share of every limit, `'closed'` rejects calls with
   * `LedgerError`. Default `'share'`.
   */
  readonly fallback?: 'share' | 'closed';
  /** Among how many processes a limit is shared then. Default: as many as were last seen. */
  readonly processes?: number;
  /**
   * The longest that an attempt may be on the wire. What a killed process held comes back after a window and this;
   * an attempt that takes longer may be followed by one too many. Default `'30s'`.
   */
  readonly longestAttempt?: Duration;
  /** How long Redis may take to answer before it counts as away. Default `'1s'`. */
  readonly patience?: Duration;
}

const options = object({
  client: v.optional(has<Redis>('duplicate', 'an ioredis client')),
  url: v.optional(v.pipe(v.string(), v.regex(/^rediss?:\/\//, 'a redis:// or rediss:// URL'))),
  prefix: v.optional(text),
  fallback: v.optional(v.picklist(['share', 'closed'])),
  processes: v.optional(positive),
  longestAttempt: v.optional(duration()),
  patience: v.optional(duration()),
});

/** A ledger in Redis, shared by all processes that use the same one and `prefix`. Throws `OptionsError`. */
export function redis(given: RedisOptions): Ledger {
  const { client, url, ...rest } = check(
    v.pipe(
      options,
      v.check((each) => (each.client === undefined) !== (each.url === undefined), 'a client or a url'),
    ),
    given,
    'redis',
  );
  return new RedisLedger(connect({ client, url }), {
    prefix: rest.prefix ?? 'headgate',
    processes: rest.processes,
    fallback: rest.fallback ?? 'share',
    renewMs: RENEW_MS,
    longestAttemptMs: rest.longestAttempt ?? 30_000,
    patienceMs: rest.patience ?? 1000,
  });
}
