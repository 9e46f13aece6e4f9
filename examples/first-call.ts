/** The README's first example, run against the simulator: a quota that closes, and the ID that support asks for. */

import got from 'got';
import { headgate } from 'headgate';
import { defender } from 'headgate/profiles';
import { simulate } from 'headgate/simulator';
import type { CallReport } from '../lib/words/report.ts';

const sim = await simulate({ auth: false });
sim.script({}, { status: 429, code: 'TooManyRequests', headers: { 'retry-after': '1' } });
sim.script({ path: '/api/alerts/{id}' }, { status: 403, code: 'Forbidden' });

const gate = headgate({ profile: defender({ tenant: 'contoso', app: 'sweeper' }) });
const api = gate.got(got).extend({ prefixUrl: sim.url });
gate.on('pause', ({ quota, cause }) => console.log(`closed: ${quota} (${cause})`));
gate.on('retry', ({ code, delayMs }) => console.log(`${code}: again in ${Math.round(delayMs / 1000)} s`));
try {
  await api('api/machines').json();
  await api('api/alerts/da637').json();
} catch (error) {
  const { correlationId, hint } = (error as { headgate: CallReport }).headgate;
  console.log(`${error}\n${correlationId}: ${hint}`);
}

await gate.close();
await sim.close();
