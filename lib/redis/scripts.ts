/**
 * What runs in Redis: Bottleneck 2.19.5's scripts, mended for a fleet, and three of the ledger's own.
 *
 * Every script names the keys it uses, and the keys of one script share a hash tag, so all of this works on a cluster.
 */

/** Bottleneck's name for a limiter: the hash tag puts all its keys into one slot of a cluster. */
export function limiterId(prefix: string, key: string): string {
  // A brace of the name would end the tag: quotas named alike would crowd into one slot.
  return `{${`${prefix}:${key}`.replace(/[{}%]/g, encodeURIComponent)}}`;
}

/** Name of the keys of a limiter, without their beginning. The first is the one that leases are sought in. */
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

/** @param channel the limiter's, with which the names of its keys begin */
export function keysOf(channel: string): string[] {
  return KEYS.map((name) => `${channel}_${name}`);
}

/** Redis's own time, in ms. */
const NOW = `local time = redis.call('time')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/** In `register`: what is registered already is not registered twice; what there is of the weight is granted. */
const ONCE = `local before = tonumber(redis.call('hget', job_weights_key, index))
if before ~= nil then
  return {true, before, reservoir}
end
if capacity ~= nil and capacity > 0 then
  weight = math.min(weight, capacity)
end
if conditions_check(capacity, weight) then`;

/** In `register`, refused: how long until the next lease runs out, in ms; -1 where there is none. */
const NEXT = `local first = redis.call('zrange', job_expirations_key, 0, 0, 'withscores')
  if first[2] == nil then
    return {false, -1}
  end
  return {false, math.max(0, math.ceil(tonumber(first[2]) - now))}`;

/** In `free`: only part of a job, down to a weight that is given as an argument. */
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

/** In `init`: whoever still holds leases of this limiter learns that Redis forgot them. */
const CREATED = `redis.call('publish', 'b_'..redis.call('hget', settings_key, 'id'), 'message:created')

else
  -- Apply migrations`;

/** Message of the limiter's channel: its data were made anew. */
export const CREATED_MESSAGE = 'created';

/**
 * One of Bottleneck 2.19.5's scripts, as a fleet needs it. Throws where the script is not the one that is known.
 *
 * - Bottleneck tells errors by their exact text, which Redis 7 prefixes with `ERR ` when it comes from
 *   `redis.error_reply` (SGrondin/bottleneck#205, #212, #219). A table with `err` is passed on as it is.
 * - Time is the caller's clock: one that is ahead would end everybody's leases. Redis's own is used instead.
 * - A command is sent again when the connection breaks before its answer: `register` and `free` may run twice.
 * - A job is granted whole or not at all: here a grant takes what is free, or fragments would never be used. The
 *   weight granted stands where Bottleneck says how long to wait.
 * - A job is freed whole: here part of one can be.
 */
export function mended(name: string, script: string): string {
  const [head = '', ...replies] = script.split('redis.error_reply(');
  let lua = head;
  for (const reply of replies) {
    const end = reply.indexOf(')');
    if (end < 0) throw unknown(name, 'error_reply');
    lua += `{err=${reply.slice(0, end)}}${reply.slice(end + 1)}`;
  }
  const swap = (from: string, to: string): void => {
    const parts = lua.split(from);
    if (parts.length !== 2) throw unknown(name, from);
    lua = parts.join(to);
  };
  swap('local now = tonumber(ARGV[1])', NOW);
  if (name === 'register') {
    swap('if conditions_check(capacity, weight) then', ONCE);
    swap('return {true, wait, reservoir}', 'return {true, weight, reservoir}');
    swap('return {false}', NEXT);
  }
  if (name === 'free') swap("redis.call('zadd', job_expirations_key, 0, index)", PARTLY);
  if (name === 'init') swap('else\n  -- Apply migrations', CREATED);
  return lua;
}

function unknown(name: string, text: string): Error {
  return new Error(
    `Bottleneck's script '${name}' is not that of 2.19.5 ('${text}' is not in it exactly once): install bottleneck 2.19.5`,
  );
}

/**
 * Settles leases: each gets the time that it runs from now on, and shrinks to the permits that stay in use. A lease that
 * ran out unnoticed was given to nobody and is kept too. Answers for each whether Redis still had it.
 *
 * KEYS: {@link keysOf}. ARGV: how long the keys last in ms; a client that waits no longer, or ''; a channel on which to
 * tell that permits are free, or will be soon, or ''; then of each lease its job, the permits to keep (-1 for all), and
 * the ms that it runs.
 */
export const SETTLE: string = `${NOW}
for each = 1, #KEYS do
  redis.call('pexpire', KEYS[each], ARGV[1])
end
if ARGV[2] ~= '' and redis.call('hexists', KEYS[6], ARGV[2]) == 1 then
  redis.call('hset', KEYS[6], ARGV[2], 0)
end
local kept = {}
for each = 4, #ARGV, 3 do
  local job = ARGV[each]
  local keep = tonumber(ARGV[each + 1])
  local whole = tonumber(redis.call('hget', KEYS[3], job))
  local had = whole ~= nil and redis.call('zscore', KEYS[1], job)
  table.insert(kept, had and 1 or 0)
  if had then
    if keep >= 0 and keep < whole then
      redis.call('hincrby', KEYS[2], 'running', keep - whole)
      redis.call('zincrby', KEYS[5], keep - whole, redis.call('hget', KEYS[4], job))
      redis.call('hset', KEYS[3], job, keep)
    end
    if keep == 0 then
      redis.call('zrem', KEYS[1], job)
      redis.call('hdel', KEYS[3], job)
      redis.call('hdel', KEYS[4], job)
    else
      redis.call('zadd', KEYS[1], now + ARGV[each + 2], job)
    end
  end
end
if ARGV[3] ~= '' then
  redis.call('publish', ARGV[3], 'capacity:')
end
return kept`;

/**
 * Writes a process into the book of the fleet, or strikes it out, and does all else that a ledger needs the right to.
 * Answers with the epoch (another value means that Redis lost its data) and the number of processes, which it also tells
 * the others when it changes.
 *
 * KEYS: the book, a hash. ARGV: the process, how long it counts in ms (0 strikes it out), an epoch in case there is
 * none, the ledger's channel, and the channel of limiters, to which nobody listens.
 */
export const ENROL: string = `${NOW}
redis.call('hsetnx', KEYS[1], 'epoch', ARGV[3])
redis.call('publish', ARGV[5], '')
local changed
if tonumber(ARGV[2]) > 0 then
  changed = redis.call('hset', KEYS[1], ARGV[1], now + ARGV[2])
else
  changed = redis.call('hdel', KEYS[1], ARGV[1])
end
local book = redis.call('hgetall', KEYS[1])
local count = 0
local epoch = ''
for each = 1, #book, 2 do
  if book[each] == 'epoch' then
    epoch = book[each + 1]
  elseif tonumber(book[each + 1]) < now then
    redis.call('hdel', KEYS[1], book[each])
    changed = 1
  else
    count = count + 1
  end
end
if changed == 1 then
  redis.call('publish', ARGV[4], '{"processes":' .. count .. '}')
end
return {epoch, count}`;
