import { createRequire } from 'node:module';
import type { ConnectionOptions } from 'node:tls';
import type { Cluster, ClusterNode, ClusterOptions, RedisOptions as ConnectOptions, Redis } from 'ioredis';
import { OptionsError } from '../words/errors.ts';

/** Longest pause between two tries to reconnect, in ms. */
const LONGEST_RECONNECT_MS = 500;

/** Which Redis to connect to, in one of four ways. */
export interface Source {
  readonly client?: Redis | Cluster | undefined;
  readonly url?: string | undefined;
  readonly cluster?: readonly ClusterNode[] | undefined;
  readonly sentinels?: readonly { readonly host: string; readonly port?: number }[] | undefined;
  readonly name?: string | undefined;
  readonly tls?: ConnectionOptions | true | undefined;
  readonly connection?: ConnectOptions | undefined;
}

/** An ioredis client of the ledger's own. */
export type Client = Redis | Cluster;

/** Of a user's options those that say how to connect. All others may change what commands answer. */
const CONNECTING = [
  ...['host', 'port', 'path', 'family', 'tls', 'username', 'password', 'db', 'protocol', 'Connector'],
  ...['keepAlive', 'noDelay', 'connectTimeout', 'disconnectTimeout', 'connectionName', 'clientInfoTag'],
  ...[
    'disableClientInfo',
    'maxLoadingRetryTime',
    'sentinels',
    'name',
    'sentinelUsername',
    'sentinelPassword',
  ],
  ...['sentinelTLS', 'enableTLSForSentinelMode', 'sentinelRetryStrategy', 'sentinelReconnectStrategy'],
  ...['sentinelCommandTimeout', 'updateSentinels', 'sentinelMaxConnections', 'failoverDetector', 'natMap'],
] as const;
const CLUSTERING = [
  ...['dnsLookup', 'natMap', 'useSRVRecords', 'resolveSrv', 'slotsRefreshTimeout', 'slotsRefreshInterval'],
] as const;

const retryStrategy = (tries: number): number =>
  Math.min(LONGEST_RECONNECT_MS, 20 * 2 ** Math.min(tries, 10));

/** Commands wait for Redis as long as it takes; the ledger has a patience of its own. */
const PATIENT: ConnectOptions = {
  lazyConnect: true,
  maxRetriesPerRequest: null,
  enableOfflineQueue: true,
  enableReadyCheck: true,
  autoResubscribe: true,
  autoResendUnfulfilledCommands: true,
  retryStrategy,
};

interface Ioredis {
  readonly Redis: {
    new (options: ConnectOptions): Redis;
    new (url: string, options: ConnectOptions): Redis;
  };
  readonly Cluster: new (nodes: ClusterNode[], options: ClusterOptions) => Cluster;
}

/** Makes the ledger's own clients, which do not connect yet: one for commands, one for messages. */
export function makeClients(source: Source): { readonly client: Client; readonly subscriber: Client } {
  const { client } = source;
  if (client && 'isCluster' in client && client.isCluster) {
    const own = client as Cluster;
    const { startupNodes } = own as unknown as { startupNodes: ClusterNode[] };
    const settings = clustered((own as unknown as { options: ClusterOptions }).options);
    return twice(new (own.constructor as Ioredis['Cluster'])([...startupNodes], settings));
  }
  if (client) {
    const { options } = client as Redis;
    // ioredis's own `duplicate` makes a plain client, of a subclass's instance too.
    const Plain = (client as Redis).duplicate({ lazyConnect: true }).constructor as Ioredis['Redis'];
    return both(Plain, pick(options, CONNECTING));
  }
  const { Redis, Cluster } = load();
  const { url, cluster, sentinels, name, connection = {} } = source;
  const tls = source.tls === true ? {} : source.tls;
  const shared = { ...connection, ...(tls && { tls }) };
  if (cluster) {
    return twice(new Cluster([...cluster], clustered({ ...(connection as object), redisOptions: shared })));
  }
  const options = pick(shared, CONNECTING);
  if (sentinels) return both(Redis, { ...options, sentinels: [...sentinels], name: name ?? 'mymaster' });
  // ioredis reads the URL; what the options say goes before it.
  const { options: read } = new Redis(url as string, { lazyConnect: true });
  return both(Redis, { ...pick(read, CONNECTING), ...options });
}

function both(
  Redis: Ioredis['Redis'],
  options: ConnectOptions,
): { readonly client: Client; readonly subscriber: Client } {
  const quiet = { ...options, ...PATIENT, role: 'master' as const };
  const { connector } = new Redis(quiet) as unknown as { connector: { constructor: Connecting } };
  const settings = { ...quiet, Connector: unheld(connector.constructor) as never };
  return { client: new Redis(settings), subscriber: new Redis(settings) };
}

function clustered(options: ClusterOptions): ClusterOptions {
  const { redisOptions = {} } = options;
  const { retryStrategy: _, enableOfflineQueue: __, ...patient } = PATIENT;
  return {
    ...pick(options, CLUSTERING),
    lazyConnect: true,
    enableOfflineQueue: true,
    enableReadyCheck: true,
    scaleReads: 'master',
    clusterRetryStrategy: retryStrategy,
    redisOptions: { ...pick(redisOptions, CONNECTING), ...patient } as never,
  };
}

/** A cluster's client keeps a connection of its own for messages. */
function twice(client: Cluster): { readonly client: Client; readonly subscriber: Client } {
  return { client, subscriber: client };
}

function pick<T extends object>(options: T, names: readonly string[]): T {
  const picked = names.map((name) => [name, (options as Record<string, unknown>)[name]] as const);
  return Object.fromEntries(picked.filter(([, value]) => value !== undefined && value !== null)) as T;
}

/** ioredis, an optional peer. Throws `OptionsError` with the cause and the remedy. */
function load(): Ioredis {
  const tried: string[] = [];
  // A bundler finds the first and puts ioredis into the bundle; Node.js has no `require` here.
  const ways = [
    () => (typeof require === 'function' ? require('ioredis') : undefined),
    () => createRequire(import.meta.url)('ioredis'),
    () => createRequire(process.argv[1] as string)('ioredis'),
    () => createRequire(`${process.cwd()}/`)('ioredis'),
  ];
  for (const way of ways) {
    try {
      const module = way() as
        | { Redis?: unknown; Cluster?: unknown; default?: { Cluster?: unknown } }
        | undefined;
      const Redis = module?.Redis ?? module?.default ?? module;
      const Cluster = module?.Cluster ?? module?.default?.Cluster;
      if (Redis && Cluster) return { Redis, Cluster } as Ioredis;
    } catch (error) {
      tried.push((error as Error).message.split('\n', 1)[0] as string);
    }
  }
  throw new OptionsError(
    'redis',
    undefined,
    `the package 'ioredis' (5 or 6), which cannot be loaded from here: ${[...new Set(tried)].join('; ')}. Install it, ` +
      "or where the app is bundled give a client of yours: redis({ client: new Redis('redis://…') })",
  );
}

interface Connecting {
  new (options: object): { connect(emitter: unknown): Promise<{ unref?(): void }> };
}

/** A connector whose connections keep no process alive: one that only waits for Redis has nothing else to do. */
export function unheld(Base: Connecting): Connecting {
  return class extends Base {
    override async connect(emitter: unknown): Promise<{ unref?(): void }> {
      const stream = await super.connect(emitter);
      stream.unref?.();
      return stream;
    }
  };
}
