import { createRequire } from 'node:module';
import Bottleneck from 'bottleneck';
import type { Redis } from 'ioredis';
import { OptionsError } from '../words/errors.ts';

/** Longest pause between two tries to reconnect, in ms. */
const LONGEST_RECONNECT_MS = 500;

/** A pair of connections, one for commands and one for messages, that every limiter of a ledger shares. */
export interface ConnectionPair {
  readonly client: Redis;
  readonly bottleneck: Bottleneck.IORedisConnection;
  readonly subscriber: Redis;
  disconnect(): Promise<void>;
}

/**
 * Connects, on copies of the user's client: its own settings may give commands up after some tries, where a ledger
 * must wait for Redis to come back.
 */
export function connect(source: {
  readonly client?: Redis | undefined;
  readonly url?: string | undefined;
}): ConnectionPair {
  const patient = {
    maxRetriesPerRequest: null,
    enableOfflineQueue: true,
    lazyConnect: false,
    retryStrategy: (tries: number) => Math.min(LONGEST_RECONNECT_MS, 20 * 2 ** Math.min(tries, 10)),
  };
  const client = source.client
    ? source.client.duplicate(patient)
    : new (load())(source.url as string, patient);
  mend(client);
  const bottleneck = new Bottleneck.IORedisConnection({ client, Redis: client.constructor } as never);
  // Unheard, an error of its would end the process; what it means shows in the commands that fail or wait.
  bottleneck.on('error', () => undefined);
  const { subscriber } = bottleneck as unknown as { subscriber: Redis };
  const both = [client, subscriber];
  let over = false;
  for (const each of both) {
    silence(each, () => over);
    each.on('error', () => undefined);
    // A connection with nothing to wait for keeps no process alive.
    const inner = each as unknown as { stream?: { unref?(): void }; reconnectTimeout?: NodeJS.Timeout };
    each.on('connect', () => inner.stream?.unref?.());
    each.on('reconnecting', () => inner.reconnectTimeout?.unref());
  }
  return {
    client,
    bottleneck,
    subscriber,
    disconnect: async () => {
      over = true;
      await bottleneck.disconnect(false);
      for (const each of both) each.disconnect();
    },
  };
}

/**
 * What Bottleneck 2.19.5's scripts need to be fit for a fleet:
 * - It tells their errors by their exact text, to which Redis 7 puts `ERR ` where it comes from `redis.error_reply`
 *   (SGrondin/bottleneck#205, #212, #219). A table with `err` is passed on as it is.
 * - They go by the clock of whoever calls them: one that is ahead would end the leases of all others. Redis's own does.
 * - A connection that breaks before the answer has the command sent again: what is registered is not registered twice.
 * - A job is granted as a whole: one gets what there is of it now, or fragments would lie about that fit nobody. How
 *   much that is stands where the job would be told how long to wait.
 * - A job is freed as a whole: part of one is made a job of its own, and that freed. It is told what is to be left, as
 *   it may be sent again.
 */
function mend(client: Redis): void {
  const define = client.defineCommand.bind(client);
  client.defineCommand = (name, definition) => {
    let lua = definition.lua
      .replaceAll(/redis\.error_reply\(([^()\n]*)\)/g, '{err=$1}')
      .replace('local now = tonumber(ARGV[1])', NOW);
    if (name === 'register') {
      lua = lua.replace('if conditions_check(capacity, weight) then', ONCE);
      lua = lua.replace('return {true, wait, reservoir}', 'return {true, weight, reservoir}');
    }
    if (name === 'free') lua = lua.replace("redis.call('zadd', job_expirations_key, 0, index)", PARTLY);
    define(name, { ...definition, lua });
  };
}

/** Redis's own time. */
export const NOW: string = `local time = redis.call('time')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

const PARTLY = `local keep = tonumber(ARGV[num_static_argv + 2])
if keep ~= nil then
  local whole = tonumber(redis.call('hget', job_weights_key, index) or 0)
  if whole <= keep then
    return process_tick(now, false)['running']
  end
  redis.call('hset', job_weights_key, index, keep)
  index = index .. ':' .. keep
  redis.call('hset', job_weights_key, index, whole - keep)
  redis.call('hset', job_clients_key, index, client)
end
redis.call('zadd', job_expirations_key, 0, index)`;

const ONCE = `local before = tonumber(redis.call('hget', job_weights_key, index))
if before ~= nil then
  return {true, before, reservoir}
end
if capacity ~= nil and capacity > 0 then
  weight = math.min(weight, capacity)
end
if conditions_check(capacity, weight) then`;

/**
 * Commands that the end of the connection cuts off stay without an answer: Bottleneck listens to the failure of only
 * some of its own, and one unheard would end the process.
 */
function silence(client: Redis, over: () => boolean): void {
  const send = client.sendCommand.bind(client);
  client.sendCommand = (...command) => {
    const answer = new Promise((resolve, reject) => {
      Promise.resolve(send(...command)).then(resolve, (error: unknown) => {
        if (!over()) reject(error);
      });
    });
    // When ioredis sends a command again, nobody listens to this answer but to the first.
    answer.catch(() => undefined);
    return answer;
  };
}

/** ioredis, an optional peer. */
function load(): new (url: string, options: object) => Redis {
  try {
    const module = createRequire(import.meta.url)('ioredis') as { Redis?: unknown; default?: unknown };
    return (module.Redis ?? module.default ?? module) as new (
      url: string,
      options: object,
    ) => Redis;
  } catch (error) {
    throw new OptionsError(
      'redis.url',
      undefined,
      `the package 'ioredis' to be installed (${String(error)})`,
    );
  }
}
