import type { Redis } from 'ioredis';
import { NOW } from './connection.ts';

/** What Bottleneck 2.19.5 keeps of a limiter. */
const KEYS = [
  'job_expirations',
  'settings',
  'job_weights',
  'job_clients',
  'client_running',
  'client_num_queued',
  'client_last_registered',
  'client_last_seen',
];

/** What has run out and was not noticed yet was given to nobody: it is kept too. */
const EXTEND = `${NOW}
for each = 1, #KEYS do
  redis.call('pexpire', KEYS[each], 2 * ARGV[1])
end
local kept = {}
for each = 2, #ARGV do
  kept[each - 1] = 0
  if redis.call('zscore', KEYS[1], ARGV[each]) then
    redis.call('zadd', KEYS[1], now + ARGV[1], ARGV[each])
    kept[each - 1] = 1
  end
end
return kept`;

/**
 * Has jobs of a limiter run out no sooner than in `expirationMs`. Returns of each whether Redis still had it.
 *
 * @param channel the limiter's, with which the names of its keys begin
 */
export async function extend(
  client: Redis,
  channel: string,
  jobs: readonly string[],
  expirationMs: number,
): Promise<boolean[]> {
  const keys = KEYS.map((name) => `${channel}_${name}`);
  const kept = await client.eval(EXTEND, keys.length, ...keys, expirationMs, ...jobs);
  return (kept as number[]).map((each) => each === 1);
}
