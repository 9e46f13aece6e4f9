/**
 * Scripts run in Redis: Bottleneck 2.19.5's, patched for a fleet, and the ledger's own.
 *
 * Every script declares its keys, and the keys of one script share a hash tag, so all scripts work on a cluster.
 */

/** Bottleneck's name for a limiter: the hash tag puts all its keys into one slot of a cluster. */
export function limiterId(prefix: string, key: string): string {
  // A brace in the name would end the hash tag, and similarly named quotas would share one slot.
  return `{${`${prefix}:${key}`.replace(/[{}%]/g, encodeURIComponent)}}`;
}

/** Names of a limiter's keys, without the prefix. Leases are looked up in the first. */
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

/** @param channel the limiter's channel, which is the prefix of its keys */
export function keysOf(channel: string): string[] {
  return KEYS.map((name) => `${channel}_${name}`);
}

/** Lua: Redis's own time, in ms. */
const NOW = `local time = redis.call('time')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/** Lua for `register`: never registers a job twice, and grants the part of the weight that is free. */
const ONCE = `local before = tonumber(redis.call('hget', job_weights_key, index))
if before ~= nil then
  return {true, before, reservoir}
end
if capacity ~= nil and capacity > 0 then
  weight = math.min(weight, capacity)
end
if conditions_check(capacity, weight) then`;

/** Lua for a refusal in `register`: time until the next lease expires, in ms; -1 if there is none. */
const NEXT = `local first = redis.call('zrange', job_expirations_key, 0, 0, 'withscores')
  if first[2] == nil then
    return {false, -1}
  end
  return {false, math.max(0, math.ceil(tonumber(first[2]) - now))}`;

/** Lua for `free`: frees only part of a job, down to the weight given as an argument. */
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

/** Lua for `init`: tells holders of this limiter's leases that Redis has lost them. */
const CREATED = `redis.call('publish', 'b_'..redis.call('hget', settings_key, 'id'), 'message:created')

else
  -- Apply migrations`;

/** Message on the limiter's channel: its data was created anew. */
export const CREATED_MESSAGE = 'created';

/**
 * One of Bottleneck 2.19.5's scripts, patched for a fleet. Throws if the script is not the known one.
 *
 * - Bottleneck identifies errors by their exact text, which Redis 7 prefixes with `ERR ` if it comes from
 *   `redis.error_reply` (SGrondin/bottleneck#205, #212, #219). A table with `err` is passed on unchanged.
 * - Bottleneck uses the caller's clock: a clock that is ahead would expire every lease. Redis's own is used instead.
 * - A command is resent if the connection breaks before its reply, so `register` and `free` may run twice.
 * - Bottleneck grants a job whole or not at all. Here a grant takes what is free; otherwise fragments stay unused. The
 *   granted weight replaces the wait in Bottleneck's reply.
 * - Bottleneck frees a job whole. Here part of one can be freed.
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
    `Bottleneck's script '${name}' differs from version 2.19.5 ('${text}' does not occur exactly once): install bottleneck 2.19.5`,
  );
}

/**
 * Settles leases: each gets a new expiration and shrinks to the permits still in use. An expired lease that was not yet
 * given to others is kept too. Part of a lease may expire before the rest, as a separate job. Returns for each lease
 * whether Redis still had it.
 *
 * KEYS: {@link keysOf}. ARGV: the lifetime of the keys, in ms; a client that stopped waiting, or ''; a channel on which
 * to announce that permits are free, or soon will be, or ''; then for each lease its job, the permits to keep (-1 for
 * all), and the time until it expires, in ms; for a part of the lease before it, the job is ''.
 */
export const SETTLE: string = `${NOW}
for each = 1, #KEYS do
  redis.call('pexpire', KEYS[each], ARGV[1])
end
if ARGV[2] ~= '' and redis.call('hexists', KEYS[6], ARGV[2]) == 1 then
  redis.call('hset', KEYS[6], ARGV[2], 0)
end
local kept = {}
local job
local had
for each = 4, #ARGV, 3 do
  local keep = tonumber(ARGV[each + 1])
  local whole
  local part = ARGV[each] == ''
  if not part then
    job = ARGV[each]
    whole = tonumber(redis.call('hget', KEYS[3], job))
    had = whole ~= nil and redis.call('zscore', KEYS[1], job)
    table.insert(kept, had and 1 or 0)
  end
  if had and part then
    local name = job .. '/' .. each
    redis.call('hincrby', KEYS[3], job, -keep)
    redis.call('hset', KEYS[3], name, keep)
    redis.call('hset', KEYS[4], name, redis.call('hget', KEYS[4], job))
    redis.call('zadd', KEYS[1], now + ARGV[each + 2], name)
  elseif had then
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
 * Adds a process to the fleet, or removes it, and exercises every other permission that a ledger needs. Returns the
 * epoch (another value means that Redis lost its data) and the number of processes, and announces a changed number.
 *
 * KEYS: the fleet, a hash. ARGV: the process, the time for which it counts in ms (0 removes it), an epoch to set if there
 * is none, the ledger's channel, and a limiters' channel to which nobody listens.
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

/**
 * Replaces the processes' agreement about a quota if it is still the one the caller knows, and announces it. Returns the
 * resulting agreement.
 *
 * KEYS: the agreement. ARGV: the agreement the caller knows ('' for none), its proposal, the proposal's lifetime in ms, the
 * ledger's channel, and the announcement.
 */
export const AGREE: string = `local known = redis.call('get', KEYS[1]) or ''
if known ~= ARGV[1] then
  return known
end
redis.call('set', KEYS[1], ARGV[2], 'px', ARGV[3])
redis.call('publish', ARGV[4], ARGV[5])
return ARGV[2]`;
