/** The OpenAI SDK through a gate: `node --conditions=headgate-source examples/openai.ts` */
import { headgate } from 'headgate';
import OpenAI from 'openai';
import { throttlingServer } from './support/throttling-server.ts';

const server = await throttlingServer({
  '/v1/models': { object: 'list', data: [{ id: 'model-1', object: 'model' }] },
});
const gate = headgate({ name: 'openai' });
gate.on('retry', ({ verdict, delayMs }) => console.log(`${verdict}: again in ${Math.ceil(delayMs)} ms`));

const openai = new OpenAI({
  apiKey: 'example',
  baseURL: `${server.url}/v1`,
  fetch: gate.fetch(),
  // The gate retries. Retries of the SDK above it would multiply the attempts of both.
  maxRetries: 0,
});
for await (const { id } of openai.models.list()) console.log(id);

await gate.close();
await server.close();
