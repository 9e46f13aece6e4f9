import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { headgate } from 'headgate';
import { loadPolicy } from 'headgate/policy';
import { virtualClock } from 'headgate/testing';
import { type Found, type ProbeSettings, Session } from '../../lib/command/probe/session.ts';
import { type SimulateFlags, scenarioOf } from '../../lib/command/simulate/settings.ts';
import { MANNERS, World } from '../../lib/command/simulate/world.ts';
import { folder, headgateCommand, headgateJson } from './support/command.ts';

const file = folder();

/** Probes a simulated API on a virtual clock. */
async function probed(flags: SimulateFlags, over: Partial<ProbeSettings> = {}): Promise<Found> {
  const clock = virtualClock();
  const scenario = scenarioOf({ latency: '50ms', ...flags });
  const limits = scenario.limits ?? [];
  const world = new World(
    scenario,
    clock,
    () => limits.map(({ ref }) => ref),
    MANNERS[flags.tell ?? 'header'],
  );
  const settings = {
    url: new URL('https://api.example.com/items'),
    method: 'GET',
    headers: {},
    requests: 1000,
    forMs: 600_000,
    concurrency: 20,
    ...over,
  };
  const session = new Session(settings, clock, world.fetch as typeof fetch, () => undefined);
  let found: Found | undefined;
  session.run().then((result) => {
    found = result;
  });
  while (!found) {
    await new Promise((resolve) => setImmediate(resolve));
    if (clock.nextAt() < Infinity) clock.advanceSync(clock.nextAt() - clock.now());
  }
  return found;
}

/** Runs `use` with the address of a server. */
async function served<T>(listener: RequestListener, use: (url: string) => Promise<T>): Promise<T> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/items?token=canary-secret`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('headgate probe', function () {
  this.timeout(30_000);

  for (const [quota, tell, kind, limit, perMs] of [
    ['45/1m', 'header', 'fixed', 45, 60_000],
    ['45/1m', 'message', 'rolling', 45, 60_000],
    ['100/10s', 'header', 'rolling', 100, 10_000],
    ['30/3s', 'precise', 'rolling', 30, 3000],
    ['60/30s', 'precise', 'fixed', 60, 30_000],
  ] as const)
    it(`learns ${quota} of ${kind} windows whose refusals name the wait (${tell})`, async () => {
      for (const seed of ['1', '2', '3']) {
        const { windows, ended, sent } = await probed({ quota: [quota], tell, kind, seed });
        expect(windows, `seed ${seed}`).to.deep.equal([{ limit, perMs, from: 'refusals' }]);
        expect(ended).to.equal('found');
        expect(sent).to.be.below(4 * limit + 60);
      }
    });

  it('learns a limit whose refusals name no wait, near enough and never far above it', async () => {
    const { windows } = await probed({ quota: ['40/10s'], tell: 'silent', kind: 'rolling' });
    expect(windows).to.have.length(1);
    const [{ limit, perMs }] = windows as unknown as [{ limit: number; perMs: number }];
    expect(limit / perMs).to.be.within(0.6 * 0.004, 1.1 * 0.004);
  });

  it('guesses from one refusal when the wait is longer than it may take, and says so', async () => {
    const { windows, ended, waitMs } = await probed({ quota: ['45/1h'], kind: 'rolling' }, { forMs: 60_000 });
    expect({ windows, ended }).to.deep.equal({
      windows: [{ limit: 45, perMs: 3_600_000, from: 'guess' }],
      ended: 'wait',
    });
    expect(waitMs).to.be.within(3_590_000, 3_610_000);
  });

  it('finds nothing where no limit is met, and never sends more than its budget', async () => {
    for (const requests of [1, 2, 3, 4, 50]) {
      const { windows, sent, served: good, ended } = await probed({ quota: ['51/1h'] }, { requests });
      expect({ windows, sent, good, ended }).to.deep.equal({
        windows: [],
        sent: requests,
        good: requests,
        ended: 'requests',
      });
    }
    const refused = await probed({ quota: ['10/1h'], tell: 'silent' }, { requests: 30 });
    expect(refused.sent).to.equal(30);
  });

  it('ends when its time is over', async () => {
    const { ended, tookMs } = await probed(
      { quota: ['1000/1s'] },
      { requests: 100_000, forMs: 5000, concurrency: 2 },
    );
    expect(ended).to.equal('time');
    expect(tookMs).to.be.within(5000, 5100);
  });

  it('sends three requests where headers state the limit, and prints a policy that a gate takes', async () => {
    let asked = 0;
    const told = await served(
      (request, response) => {
        asked += 1;
        const good = request.headers.authorization === 'Bearer canary-token';
        response.writeHead(good ? 200 : 401, { 'ratelimit-policy': '"default";q=90;w=60' }).end('{}');
      },
      (url) =>
        headgateCommand(['probe', url, '--requests', '50', '--header', 'authorization: Bearer canary-token']),
    );
    expect(asked).to.equal(3);
    expect(told.exit).to.equal(0);
    expect(told.err).to.include('At most 90 requests in any 1 min: the API states it in its headers.');
    // The standard output is the policy alone.
    const policy = file('policy.json', told.out);
    expect(await headgateJson(['check', policy])).to.deep.include({ exit: 0, valid: true });
    const gate = headgate({ policy: loadPolicy(policy) });
    await gate.close();
    const [{ match, windows }] = JSON.parse(told.out).quotas;
    expect(match.host).to.match(/^127\.0\.0\.1:\d+$/);
    expect(windows).to.deep.equal([{ limit: 90, per: '1m' }]);
    expect(told.out + told.err).to.not.include('canary');
  });

  it('keeps its budget on the wire, through redirects, too', async () => {
    let asked = 0;
    const told = await served(
      (request, response) => {
        asked += 1;
        if (request.url?.startsWith('/items')) response.writeHead(302, { location: '/there' }).end();
        else response.end('{}');
      },
      (url) => headgateJson<{ sent: number; policy: null; url: string }>(['probe', url, '--requests', '25']),
    );
    expect(asked).to.equal(25);
    expect(told).to.deep.include({ exit: 1, sent: 25, policy: null });
    expect(JSON.stringify(told)).to.not.include('canary');
  });

  it('ends at once when the endpoint refuses it for another reason, or cannot be reached', async () => {
    let asked = 0;
    const denied = await served(
      (_request, response) => {
        asked += 1;
        response.writeHead(403).end('{}');
      },
      (url) => headgateCommand(['probe', url, '--requests', '50']),
    );
    expect(denied).to.deep.include({ exit: 3, out: '' });
    expect(denied.err).to.include('403');
    expect(asked).to.equal(1);
    const closed = await served(
      () => undefined,
      async (url) => url,
    );
    const gone = await headgateCommand(['probe', closed, '--requests', '5', '--for', '2s']);
    expect(gone.exit).to.equal(3);
    expect(gone.err)
      .to.match(/^the request failed: TypeError: fetch failed \(ECONNREFUSED\)/)
      .and.to.not.include('answered');
  });

  for (const argv of [
    ['https://api.example.com/'],
    ['api.example.com', '--requests', '5'],
    ['https://api.example.com/', '--requests', '0'],
    ['https://api.example.com/', '--requests', '5', '--method', 'POST'],
    ['POST https://api.example.com/', '--requests', '5'],
    ['HEAD https://api.example.com/', '--requests', '5', '--method', 'GET'],
    ['https://me:canary@api.example.com/', '--requests', '5'],
    ['api.example.com/?token=canary', '--requests', '5'],
    ['https://api.example.com/', '--requests', '5', '--for', 'long'],
    ['https://api.example.com/', '--requests', '5', '--header', 'canary'],
  ])
    it(`sends nothing when it is called wrongly: ${argv.join(' ')}`, async () => {
      const { exit, error } = await headgateJson<{ error: { message: string } }>(['probe', ...argv]);
      expect(exit).to.equal(2);
      expect(error.message).to.not.include('canary');
    });
});
