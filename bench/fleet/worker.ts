/**
 * One process of a fleet: `fork('worker.ts', [order as JSON])`. Says `ready`, starts when it is told to, and tells
 * its failed calls' errors.
 */
import { once } from 'node:events';
import http from 'node:http';
import Bottleneck from 'bottleneck';
import got from 'got';
import { Redis } from 'ioredis';
import { RateLimiterQueue, RateLimiterRedis } from 'rate-limiter-flexible';
import { headgate } from '../../lib/index.ts';
import { redis } from '../../lib/redis/index.ts';

/** Who limits the fleet. */
export type Limiter = 'headgate' | 'bottleneck' | 'rate-limiter-flexible';

/** What a process of the fleet is told. */
export interface Order {
  readonly limiter: Limiter;
  readonly url: string;
  readonly redisUrl: string;
  readonly calls: number;
  readonly limit: number;
  /** ms */
  readonly per: number;
}

const { limiter, url, redisUrl, calls, limit, per } = JSON.parse(process.argv[2] as string) as Order;
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
const api = got.extend({ agent: { http: agent }, retry: { limit: 0 } });

/** What a limiter has to do before its process may exit. */
let close = async (): Promise<void> => undefined;

/** A way to make a call within the fleet's limit. */
const limiters: Record<Limiter, () => Promise<() => Promise<unknown>>> = {
  async headgate() {
    const gate = headgate({
      ledger: redis({ url: redisUrl }),
      quotas: [{ name: 'fleet', match: {}, windows: [{ limit, per }] }],
      maxQueue: calls,
    });
    const gated = gate.got(api);
    close = () => gate.close();
    return () => gated(url);
  },
  /** Its documentation's way to limit a rate: a reservoir; its heartbeat has to be as fast as the refill should be. */
  async bottleneck() {
    const limited = new Bottleneck({
      id: 'fleet',
      datastore: 'ioredis',
      clientOptions: new URL(redisUrl).port
        ? { host: '127.0.0.1', port: Number(new URL(redisUrl).port) }
        : {},
      Redis,
      reservoir: limit,
      reservoirRefreshAmount: limit,
      reservoirRefreshInterval: per,
      heartbeatInterval: 100,
    } as never);
    limited.on('error', () => undefined);
    await limited.ready();
    return () => limited.schedule(() => api(url));
  },
  async 'rate-limiter-flexible'() {
    const storeClient = new Redis(redisUrl);
    const queue = new RateLimiterQueue(
      new RateLimiterRedis({ storeClient, points: limit, duration: per / 1000 }),
    );
    return async () => {
      await queue.removeTokens(1);
      return api(url);
    };
  },
};

const call = await limiters[limiter]();
process.send?.('ready');
await once(process, 'message');
const results = await Promise.allSettled(Array.from({ length: calls }, call));
const errors = results.flatMap((each) => (each.status === 'rejected' ? String(each.reason) : []));
await close();
process.send?.(errors, () => process.exit());
