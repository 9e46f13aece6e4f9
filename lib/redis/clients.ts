import { createRequire } from 'node:module';
import type { ConnectionOptions } from 'node:tls';
import type { Cluster, ClusterNode, ClusterOptions, RedisOptions as ConnectOptions, Redis } from 'ioredis';
import { OptionsError } from '../words/errors.ts';

/** Maximum delay between attempts to reconnect, in ms. */
const LONGEST_RECONNECT_MS = 500;

/** The Redis to connect to, given in one of four ways. */
export interface Source {
  readonly client?: Redis | Cluster | undefined;
  readonly url?: string | undefined;
  readonly cluster?: readonly ClusterNode[] | undefined;
  readonly sentinels?: readonly { readonly host: string; readonly port?: number }[] | undefined;
  readonly name?: string | undefined;
  readonly tls?: ConnectionOptions | true | undefined;
  readonly connection?: ConnectOptions | undefined;
}

/** One of the ledger's own ioredis clients. */
export type Client = Redis | Cluster;

/** Names of client options that say how to connect. All others may change the replies to commands. */
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

/** Options that let commands wait for Redis indefinitely; the ledger has its own timeout. */
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

/** Creates the ledger's own clients, not yet connected: one for commands, one for messages. */
export function makeClients(source: Source): { readonly client: Client; readonly subscriber: Client } {
  const { client, url, cluster, sentinels, name, connection = {} } = source;
  if (client)
    return 'isCluster' in client && client.isCluster ? twice(client as Cluster) : both(client as Redis);
  const { Redis, Cluster } = load();
  const tls = source.tls === true ? {} : source.tls;
  const settings = { ...connection, ...(tls && { tls }), lazyConnect: true };
  if (cluster) {
    return twice(
      new Cluster([...cluster], { ...(connection as object), redisOptions: settings, lazyConnect: true }),
    );
  }
  if (sentinels) return both(new Redis({ ...settings, sentinels: [...sentinels], name: name ?? 'mymaster' }));
  return both(new Redis(url as string, settings));
}

/** Two clients like the given one, created by `duplicate`: an instance's `constructor` may be another class. */
function both(model: Redis): { readonly client: Client; readonly subscriber: Client } {
  const settings = { ...others(model.options, CONNECTING), ...PATIENT, role: 'master' as const };
  const { connector } = model.duplicate(settings) as unknown as { connector: { constructor: Connecting } };
  const unheldSettings = { ...settings, Connector: unheld(connector.constructor) as never };
  return { client: model.duplicate(unheldSettings), subscriber: model.duplicate(unheldSettings) };
}

/** One client like the given cluster's; it keeps a separate connection for messages. */
function twice(model: Cluster): { readonly client: Client; readonly subscriber: Client } {
  const { options } = model as unknown as { options: ClusterOptions };
  const { redisOptions = {} } = options;
  const { retryStrategy: clusterRetryStrategy, enableOfflineQueue, lazyConnect, ...patient } = PATIENT;
  const client = model.duplicate([], {
    ...others(options, CLUSTERING),
    ...{
      lazyConnect,
      enableOfflineQueue,
      enableReadyCheck: true,
      scaleReads: 'master',
      clusterRetryStrategy,
    },
    // A cluster has one database.
    redisOptions: { ...redisOptions, ...others(redisOptions, CONNECTING), ...patient, db: 0 } as never,
  });
  unhold(client);
  return { client, subscriber: client };
}

/** All options except the named ones, set to `undefined`, so that ioredis applies its defaults. */
function others(options: object, names: readonly string[]): object {
  return Object.fromEntries(
    Object.keys(options).flatMap((name) => (names.includes(name) ? [] : [[name, undefined]])),
  );
}

/** One connection of a cluster's client. */
interface Node {
  readonly status: string;
  readonly stream?: { unref?(): void };
  on(event: 'connect', listener: () => void): void;
  once(event: 'ready' | 'close' | 'end', listener: () => void): void;
  off(event: 'ready' | 'close' | 'end', listener: () => void): void;
}

/** An undocumented part of ioredis's cluster client: its connection for messages. */
interface Messaging {
  readonly subscriber?: { selectSubscriber?: () => void; getInstance(): Node | null };
}

/** Keeps the connections of a cluster's client, to nodes and for messages, from keeping the process alive. */
function unhold(client: Cluster): void {
  const attend = (node: Node): void => node.on('connect', () => node.stream?.unref?.());
  client.on('+node', attend);
  const { subscriber } = client as unknown as Messaging;
  if (!subscriber?.selectSubscriber) return;
  const select = subscriber.selectSubscriber.bind(subscriber);
  subscriber.selectSubscriber = () => {
    select();
    const node = subscriber.getInstance();
    if (node) attend(node);
  };
}

/** Connections that are being set up, each with one wait for all quotas that subscribe through it. */
const settling = new WeakMap<Node, Promise<void>>();

/**
 * Waits for a connection that is being set up. Otherwise ioredis subscribes at once, its ready check then fails on a
 * connection in subscriber mode, it reconnects, and the subscription is lost.
 */
export async function subscribable(client: Client): Promise<void> {
  const { subscriber } = client as unknown as Messaging;
  const node = subscriber ? subscriber.getInstance?.() : (client as unknown as Node);
  if (node?.status !== 'connecting' && node?.status !== 'connect') return;
  const wait = settling.get(node) ?? settled(node);
  settling.set(node, wait);
  await wait;
}

/** Resolves once a connection is set up, or lost. */
function settled(node: Node): Promise<void> {
  const events = ['ready', 'close', 'end'] as const;
  return new Promise((resolve) => {
    const end = (): void => {
      for (const event of events) node.off(event, end);
      settling.delete(node);
      resolve();
    };
    for (const event of events) node.once(event, end);
  });
}

/** Loads ioredis, an optional peer. Throws `OptionsError` with the cause and the remedy. */
function load(): Ioredis {
  const tried: string[] = [];
  // The first is for bundlers, which then include ioredis; Node.js has no `require` here.
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
      "or, in a bundled app, pass your own client: redis({ client: new Redis('redis://…') })",
  );
}

interface Connecting {
  new (options: object): { connect(emitter: unknown): Promise<{ unref?(): void }> };
}

/** A connector whose connections do not keep the process alive. */
function unheld(Base: Connecting): Connecting {
  return class extends Base {
    override async connect(emitter: unknown): Promise<{ unref?(): void }> {
      const stream = await super.connect(emitter);
      stream.unref?.();
      return stream;
    }
  };
}
