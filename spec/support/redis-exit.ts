/** `node redis-exit.ts <scene> <url> <redis url>`: plays one scene and then has nothing more to do. */
import got from 'got';
import { headgate } from 'headgate';
import { redis } from 'headgate/redis';

const [scene, url, redisUrl] = process.argv.slice(2) as [string, string, string];
const gate = headgate({
  ledger: redis({ url: redisUrl }),
  quotas: [{ name: scene, windows: [{ limit: 1, per: scene === 'given up' ? '1h' : '2s' }] }],
});
const api = gate.got(got);

await api(url);
if (scene === 'given up') {
  await api(url, { context: { headgate: { deadline: '100ms' } } }).catch(() => undefined);
}
if (scene === 'waiting') {
  process.once('exit', () => console.log('exit'));
  await api(url);
  console.log('answered');
}
