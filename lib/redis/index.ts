/** `headgate/redis`: one quota for a whole fleet. Needs the package `ioredis`, 5 or 6. */
import type { ConnectionOptions } from 'node:tls';
import type { Cluster, ClusterNode, RedisOptions as ConnectOptions, Redis } from 'ioredis';
import * as v from 'valibot';
import type { Ledger } from '../ledger/ledger.ts';
import { check, duration, has, object, positive, text } from '../options/schema.ts';
import type { Duration } from '../words/types.ts';
import { connect } from './connection.ts';
import { RedisLedger } from './ledger.ts';

/** Age at which a lease goes back, in ms. */
const RENEW_MS = 20_000;

/**
 * Options of {@link redis}: a `client`, a `url`, a `cluster` or `sentinels`, and how to use it.
 *
 * @example
 * redis({ client: new Redis() })
 * redis({ url: 'rediss://user:password@host:6380/2', tls: { ca } })
 * redis({ cluster: [{ host: 'node-1', port: 6379 }], connection: { password } })
 * redis({ sentinels: [{ host: 'sentinel-1', port: 26379 }], name: 'mymaster' })
 */
export interface RedisOptions {
  /**
   * An ioredis client, 5 or 6: a `Redis` or a `Cluster`. The ledger opens its own connections with only the client's
   * connection options: address, `db`, user and password, TLS, sentinels, `natMap`, timeouts and the like. It ignores
   * the key prefix and every option that changes commands or replies.
   */
  readonly client?: Redis | Cluster;
  /** `redis://` or `rediss://` URL. */
  readonly url?: string;
  /** Startup nodes of a Redis Cluster: `{ host, port }`, or URLs. */
  readonly cluster?: readonly ClusterNode[];
  /** Addresses of the sentinels; `name` is the group they watch. */
  readonly sentinels?: readonly { readonly host: string; readonly port?: number }[];
  /** Name of the group of servers that the `sentinels` watch. Default `'mymaster'`. */
  readonly name?: string;
  /** Options of `tls.connect()`, or `true`; with `url`, `cluster` and `sentinels`. Default: none, or as the URL says. */
  readonly tls?: ConnectionOptions | true;
  /**
   * Further connection options of ioredis, such as `username`, `password`, `db`, `family`, `natMap`,
   * `sentinelPassword`; with `url`, `cluster` and `sentinels`.
   */
  readonly connection?: ConnectOptions & { readonly [option: string]: unknown };
  /** Prefix of every key. Gates with the same prefix share their quotas. Default `'headgate'`. */
  readonly prefix?: string;
  /**
   * Behaviour while Redis is unavailable: `'share'` holds each process to its share of every limit, `'closed'` rejects
   * calls with `LedgerError`. Default `'share'`.
   */
  readonly fallback?: 'share' | 'closed';
  /** Number of processes that share a limit while Redis is unavailable. Default: the number last seen. */
  readonly processes?: number;
  /**
   * Maximum duration of an attempt. Permits of a killed process are free again one window plus this time plus 25 s after they
   * were leased; an attempt that takes longer may let one request too many through. Default `'30s'`.
   */
  readonly longestAttempt?: Duration;
  /** Maximum time for Redis to answer one command before it counts as unavailable. Default `'1s'`. */
  readonly patience?: Duration;
}

const SOURCES = ['client', 'url', 'cluster', 'sentinels'] as const;

const options = object({
  client: v.optional(has<Redis>('duplicate', 'an ioredis client, 5 or 6')),
  url: v.optional(v.pipe(v.string(), v.regex(/^rediss?:\/\//, 'a redis:// or rediss:// URL'))),
  cluster: v.optional(filled<ClusterNode>('one or more nodes, each { host, port } or a URL')),
  sentinels: v.optional(
    filled<{ host: string; port?: number }>('one or more addresses, each { host, port }'),
  ),
  name: v.optional(text),
  tls: v.optional(
    v.custom<ConnectionOptions | true>(
      (value) => value === true || (typeof value === 'object' && value !== null),
      'true, or options of tls.connect()',
    ),
  ),
  connection: v.optional(
    v.custom<ConnectOptions>((value) => typeof value === 'object' && value !== null, "ioredis's options"),
  ),
  prefix: v.optional(text),
  fallback: v.optional(v.picklist(['share', 'closed'])),
  processes: v.optional(positive),
  longestAttempt: v.optional(duration()),
  patience: v.optional(duration()),
});

/** A ledger in Redis, shared by all processes with the same Redis and `prefix`. Throws `OptionsError`. */
export function redis(given: RedisOptions): Ledger {
  const { client, url, cluster, sentinels, name, tls, connection, ...rest } = check(
    v.pipe(
      options,
      v.check(
        (each) => SOURCES.filter((source) => each[source] !== undefined).length === 1,
        'one of client, url, cluster and sentinels',
      ),
    ),
    given,
    'redis',
  );
  return new RedisLedger(connect({ client, url, cluster, sentinels, name, tls, connection }), {
    prefix: rest.prefix ?? 'headgate',
    processes: rest.processes,
    fallback: rest.fallback ?? 'share',
    renewMs: RENEW_MS,
    longestAttemptMs: rest.longestAttempt ?? 30_000,
    patienceMs: rest.patience ?? 1000,
  });
}

function filled<T>(rule: string): v.GenericSchema<readonly T[]> {
  return v.custom<readonly T[]>((value) => Array.isArray(value) && value.length > 0, rule);
}
