/** ky through a gate: `node --conditions=headgate-source examples/ky.ts` */
import { headgate } from 'headgate';
import ky from 'ky';
import { throttlingServer } from './support/throttling-server.ts';

const server = await throttlingServer({ '/orders': { id: 7 } });
const gate = headgate({ name: 'orders' });
gate.on('retry', ({ verdict, delayMs }) => console.log(`${verdict}: again in ${Math.ceil(delayMs)} ms`));

const api = ky.create({
  fetch: gate.fetch(),
  // The gate retries, and its deadline bounds the call; ky's timeout would run while a call waits at the gate.
  retry: 0,
  timeout: false,
});
const order = await api.post(`${server.url}/orders`, { json: { item: 'lock' } }).json<{ id: number }>();
console.log(`order ${order.id}`);

await gate.close();
await server.close();
