/** The Microsoft Graph client through a gate: `node --conditions=headgate-source examples/graph.ts` */
import { Client } from '@microsoft/microsoft-graph-client';
import { headgate } from 'headgate';
import { throttlingServer } from './support/throttling-server.ts';

const server = await throttlingServer({ '/v1.0/me': { displayName: 'Ada' } });
const gate = headgate({
  name: 'graph',
  // Any TokenCredential of @azure/identity does as well.
  auth: { token: () => ({ token: 'example' }) },
});
gate.on('retry', ({ verdict, delayMs }) => console.log(`${verdict}: again in ${Math.ceil(delayMs)} ms`));

const fetch = gate.fetch();
const graph = Client.initWithMiddleware({
  baseUrl: server.url,
  // In place of the default chain, whose RetryHandler and RedirectHandler would repeat what the gate does.
  middleware: {
    execute: async (context) => {
      context.response = await fetch(context.request, context.options);
    },
  },
});
const me = await graph.api('/me').get();
console.log(me.displayName);

await gate.close();
await server.close();
