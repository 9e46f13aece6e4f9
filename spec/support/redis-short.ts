/** `node redis-short.ts <options as JSON>`: a few calls, after which the process ends by itself, or by `process.exit()`. */
import { headgate } from 'headgate';
import { redis } from 'headgate/redis';

const { source, url, calls, limit, per, exit, tokens } = JSON.parse(process.argv[2] as string);
const gate = headgate({
  ledger: redis(source),
  quotas: [
    {
      name: 'short',
      windows: [{ limit, per, ...(tokens && { of: 'tokens' }) }],
      ...(tokens && { cost: { tokens } }),
    },
  ],
  retry: { deadline: '15s' },
});
const fetch = gate.fetch();
const outcomes = await Promise.allSettled(
  Array.from({ length: calls }, async () => (await fetch(url, { headers: { connection: 'close' } })).text()),
);
console.log(outcomes.filter(({ status }) => status === 'fulfilled').length);
if (exit) process.exit();
