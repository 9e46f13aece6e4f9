import http from 'node:http';
import got from 'got';
import { headgate } from '../../../lib/index.ts';
import type { Peer } from '../types.ts';

const peer: Peer = {
  title: 'Headgate (got)',
  make({ work, trace }) {
    const gate = headgate(
      work.declared ? { quotas: [{ name: 'bench', match: {}, windows: [...work.declared] }] } : {},
    );
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
