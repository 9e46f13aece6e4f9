import http from 'node:http';
import got from 'got';
import { type HeadgateOptions, headgate } from '../../../lib/index.ts';
import type { Peer, Work } from '../types.ts';

const peer: Peer = {
  title: 'Headgate (got)',
  make({ work, trace }) {
    const gate = headgate(optionsOf(work));
    const agent = new http.Agent({ keepAlive: true });
    const api = gate.got(got).extend({ agent: { http: agent } });
    if (trace) void tell(gate);
    return {
      call: (url) => api(url),
      close: async () => {
        agent.destroy();
        await gate.close();
      },
    };
  },
};

/** What the gate is told of the limits. */
function optionsOf({ declared, tokens }: Work): HeadgateOptions {
  if (!declared) return {};
  const whole = declared.filter(({ each }) => !each);
  const ofRoutes = declared.filter(({ each }) => each);
  const costs = {
    cost: { tokens: ({ url }: { url: URL }) => Number(url.searchParams.get('tokens')) },
    spent: ({ body }: { body?: string | undefined }) => ({ tokens: tokensSpent(body) }),
  };
  return {
    quotas: [
      ...(ofRoutes.length > 0
        ? [
            {
              name: 'route',
              match: { path: '/call/{route}' },
              each: ['param:route'] as const,
              windows: ofRoutes.map(({ limit, per }) => ({ limit, per })),
            },
          ]
        : []),
      { name: 'bench', match: {}, also: ofRoutes.length > 0, windows: whole, ...(tokens && costs) },
    ],
  };
}

function tokensSpent(body = '{}'): number {
  return (JSON.parse(body) as { usage?: { total_tokens?: number } }).usage?.total_tokens ?? Number.NaN;
}

/** What the gate decides, and what it knows each second. */
async function tell(gate: ReturnType<typeof headgate>): Promise<void> {
  let startedAt: number | undefined;
  const seconds = setInterval(() => console.error('quotas', JSON.stringify(gate.quotas())), 1000);
  seconds.unref();
  const told = new Set(['pause', 'resume', 'learned', 'failure', 'warning']);
  for await (const event of gate.events()) {
    startedAt ??= event.at;
    if (told.has(event.type)) console.error(`${(event.at - startedAt).toFixed(0)} ms`, JSON.stringify(event));
  }
}

export default peer;
