/**
 * A sweep over a Defender for Endpoint tenant: every machine, its alerts, a hunt, an isolation.
 *
 *     npm start                  against the simulator, at 60 times real time, with every kind of trouble provoked
 *     npm start -- --write       (with MDE_TENANT_ID, MDE_CLIENT_ID and MDE_CLIENT_SECRET set) against that tenant;
 *                                without --write it only reads
 *
 * Shows the quotas while it works, and writes a report of it all as a page, whose path it prints at its end. Exits with 0 when every law held: no quota exceeded, nothing sent into a pause, every call ended once, and the
 * record of attempts equal to what the server saw.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import got, { type Got } from 'got';
import { headgate } from 'headgate';
import { defender } from 'headgate/profiles';
import { record, report } from 'headgate/report';
import { defenderQuotas, type Simulator, simulate } from 'headgate/simulator';
import { Audit } from './support/audit.ts';
import { Screen } from './support/screen.ts';

const SPEED = 60;
const MINUTE = 60_000 / SPEED;
const MACHINES = 240;
const tenant = process.env.MDE_TENANT_ID ?? 'contoso.onmicrosoft.com';
const app = process.env.MDE_CLIENT_ID ?? '11111111-2222-3333-4444-555555555555';
const secret = process.env.MDE_CLIENT_SECRET;

async function main(): Promise<boolean> {
  const sim =
    secret === undefined
      ? await simulate({ timeScale: SPEED, machines: MACHINES, quotas: defenderQuotas() })
      : undefined;
  const api = sim?.url ?? 'https://api.security.microsoft.com';
  const login = sim?.url ?? 'https://login.microsoftonline.com';

  const gate = headgate({
    name: 'mde',
    // The documented limits, for a world that goes 60 times as fast.
    profile: defender({ tenant, app, timeScale: sim?.timeScale }),
    ...(sim && { retry: { backoff: { base: '50ms' } } }),
    auth: {
      async token({ signal }) {
        const form = {
          grant_type: 'client_credentials',
          client_id: app,
          client_secret: secret ?? 'simulated',
          scope: 'https://api.securitycenter.microsoft.com/.default',
        };
        const answer = got.post(`${login}/${tenant}/oauth2/v2.0/token`, { form, signal });
        const { access_token, expires_in } = await answer.json<{
          access_token: string;
          expires_in: number;
        }>();
        return { token: access_token, expiresAt: Date.now() + expires_in * 1000 };
      },
    },
  });
  const recording = record(gate, { sampleEvery: '100ms' });
  const screen = new Screen(gate);
  const audit = new Audit(gate, sim, MINUTE);
  const mde = gate.got(got).extend({ prefixUrl: api, responseType: 'json' });

  await sweep(mde, screen, sim);
  if (sim || process.argv.includes('--write')) await act(mde, screen);
  if (sim) await provoke(mde, screen, sim);

  screen.end();
  const kept = audit.report();
  await gate.close();
  await sim?.close();
  const page = path.join(mkdtempSync(path.join(tmpdir(), 'headgate-')), 'report.html');
  writeFileSync(page, report(await recording.stop(), { title: 'A sweep over a Defender tenant' }));
  console.log(`\nReport: ${page}`);
  return kept;
}

interface Page {
  readonly value: { readonly id: string }[];
  readonly '@odata.nextLink'?: string;
}

/** Every machine, page by page, and the alerts of each. */
async function sweep(mde: Got, screen: Screen, sim: Simulator | undefined): Promise<void> {
  // A quota used up by somebody else: once with the wait in a header, once without a word about it.
  sim?.script(
    { path: '/api/machines' },
    { status: 429, code: 'TooManyRequests', headers: { 'retry-after': '1' } },
  );
  sim?.script(
    { path: '/api/machines/{id}/alerts' },
    { status: 429, code: '429', message: 'API calls quota exceeded!' },
  );

  const ids: string[] = [];
  screen.begin('Machines, page by page');
  const pages = mde.paginate<{ id: string }, Page>('api/machines', {
    pagination: {
      transform: ({ body }) => body.value,
      paginate: ({ response }) => {
        const next = response.body['@odata.nextLink'];
        return next === undefined ? false : { url: new URL(next), prefixUrl: '', searchParams: undefined };
      },
    },
  });
  for await (const { id } of pages) ids.push(id);

  screen.begin('Alerts of each machine', ids.length);
  await Promise.all(ids.map((id) => mde(`api/machines/${id}/alerts`)));
}

/** A hunt, and an isolation followed to its end. */
async function act(mde: Got, screen: Screen): Promise<void> {
  screen.begin('A hunt, and an isolation followed to its end');
  await mde.post('api/advancedqueries/run', { json: { Query: 'DeviceInfo | take 5' } });
  const [machine] = (await mde<Page>('api/machines', { searchParams: { $top: 1 } })).body.value;
  const isolation = { Comment: 'Headgate example', IsolationType: 'Selective' };
  let action = (
    await mde.post<{ id: string; status: string }>(`api/machines/${machine?.id}/isolate`, { json: isolation })
  ).body;
  while (action.status === 'Pending' || action.status === 'InProgress') {
    await new Promise((resolve) => setTimeout(resolve, 250));
    action = (await mde<typeof action>(`api/machineactions/${action.id}`)).body;
  }
}

/** What goes wrong in production, on purpose. */
async function provoke(mde: Got, screen: Screen, sim: Simulator): Promise<void> {
  screen.begin('What goes wrong in production, on purpose');
  const attempt = async (call: Promise<unknown>): Promise<void> => {
    await call.catch(() => undefined); // its failure is on the screen, and in the table
  };
  sim.script(
    { path: '/api/alerts' },
    { code: 'InternalServerError', message: '' },
    { code: 'InternalServerError', message: '' },
  );
  await attempt(mde('api/alerts')); // 500, twice: resent
  sim.expireTokens();
  await attempt(mde('api/alerts')); // 401: a new token, one resend
  sim.script({ path: '/api/alerts/{id}' }, { code: 'Forbidden', message: 'Missing application roles.' });
  await attempt(mde('api/alerts/da1_1')); // 403
  await attempt(mde('api/machines/0123456789')); // 404
  const [machine] = (await mde<Page>('api/machines', { searchParams: { $top: 1, $skip: 1 } })).body.value;
  await attempt(
    mde.post(`api/machines/${machine?.id}/isolate`, {
      json: { comment: 'lower case', isolationType: 'Full' },
    }), // 400
  );
}

process.exitCode = (await main()) ? 0 : 1;
