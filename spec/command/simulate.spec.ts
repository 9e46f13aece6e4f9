import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { headgate } from 'headgate';
import { simulate } from 'headgate/simulator';
import type { Figures } from '../../lib/command/simulate/figures.ts';
import { folder, headgateCommand, headgateJson } from './support/command.ts';

const file = folder();
const MINUTE = 60_000;
const HOUR = 3_600_000;
const declared = {
  quotas: [
    {
      match: {},
      windows: [
        { limit: 45, per: '1m' },
        { limit: 1500, per: '1h' },
      ],
    },
  ],
  retry: { deadline: '3h' },
};
const simulated = (policy: unknown, ...flags: string[]): Promise<Figures & { readonly exit: number }> =>
  headgateJson(['simulate', file('policy.json', policy), ...flags]);

describe('headgate simulate', function () {
  this.timeout(60_000);

  it('tells when a policy would finish, hours ahead: no limit is exceeded, and none is left unused', async () => {
    const flags = ['--quota', '45/1m', '--quota', '1500/1h', '--calls', '2000', '--latency', '200ms'];
    const figures = await simulated(declared, ...flags);
    expect(figures).to.deep.include({
      exit: 0,
      attempts: 2000,
      refused: 0,
      waste: 0,
      retries: 0,
    });
    expect(figures.calls).to.deep.equal({ total: 2000, succeeded: 2000, failed: 0, open: 0 });
    expect(figures.queued).to.be.within(1955, 2000);
    // 1500 calls in the first hour, and 11 windows of a minute after it
    expect(figures.idealMs).to.equal(HOUR + 11 * MINUTE + 200);
    expect(figures.finishedMs).to.be.within(figures.idealMs, 1.02 * figures.idealMs);
  });

  for (const kind of ['fixed', 'rolling', 'bucket'])
    it(`keeps a limit of the kind ${kind} that nobody declared, and counts what learning it costs`, async () => {
      const flags = ['--quota', '50/10s', '--calls', '500', '--kind', kind, '--deadline', '1h'];
      const figures = await simulated({}, ...flags);
      expect(figures.calls).to.include({ succeeded: 500, failed: 0 });
      expect(figures.refused).to.be.above(0);
      expect(figures.waste).to.be.closeTo((figures.attempts - 500) / figures.attempts, 1e-9);
      // A fixed window may have been about to end when the first call came.
      expect(figures.finishedMs).to.be.within(figures.idealMs - 10_000, 3 * figures.idealMs);
    });

  for (const [what, windows, start, calls, aboutMs] of [
    ['a day', [{ limit: 100, per: 'day' }], '2026-03-08T18:00:00Z', 250, 30 * HOUR],
    // The day on which clocks go forward has 23 hours.
    [
      'a short day',
      [{ limit: 100, per: 'day', zone: 'America/Los_Angeles' }],
      '2026-03-08T08:00:00Z',
      150,
      23 * HOUR,
    ],
    ['a month', [{ limit: 100, per: 'month' }], '2026-02-27', 150, 48 * HOUR],
    ['a token bucket', [{ limit: 100, refill: '5/s' }], '2026-01-01', 400, 60_000],
  ] as const)
    it(`takes ${what} from the policy, for the API and for the ideal, whatever windows else are`, async () => {
      for (const kind of ['fixed', 'rolling', 'bucket']) {
        const policy = { adaptive: false, retry: { deadline: '10d' }, quotas: [{ windows }] };
        const flags = ['--kind', kind, '--calls', String(calls), '--start', start, '--latency', '1ms'];
        const figures = await simulated(policy, ...flags);
        expect(figures.refused, kind).to.equal(0);
        expect(figures.idealMs, kind).to.be.closeTo(aboutMs, 10);
        expect(figures.finishedMs, kind).to.be.within(figures.idealMs - 1, figures.idealMs + 1000);
      }
    });

  it('refuses what comes before its time, where the API spaces requests', async () => {
    const spaced = { adaptive: false, quotas: [{ spacing: '100ms' }] };
    const kept = await simulated(spaced, '--calls', '30');
    expect(kept.refused).to.equal(0);
    expect(kept.limits).to.deep.equal(['one every 100 ms']);
    expect(kept.finishedMs).to.be.within(3000, 3010);
    expect(kept.finishedMs).to.equal(kept.idealMs);
  });

  it('is the same for the same seed, and another for another', async () => {
    const flags = ['--quota', '20/1s', '--calls', '200', '--faults', '500:5%', '--seed'];
    const [one, again, other] = await Promise.all(
      ['7', '7', '8'].map((seed) => simulated({}, ...flags, seed)),
    );
    expect(again).to.deep.equal(one);
    expect(other).to.not.deep.equal(one);
  });

  it('counts faults by their shares: retried, or failed where the policy does not retry', async () => {
    const faults = ['--faults', '500:5%,reset:3%', '--faults', 'truncate:2%', '--calls', '2000'];
    const retrying = await simulated({ retry: { budget: false } }, ...faults);
    expect(retrying.faulty / retrying.attempts).to.be.within(0.06, 0.1);
    expect(retrying.retries).to.equal(retrying.attempts - 2000);
    const stubborn = await simulated({ retry: { attempts: 1 }, adaptive: false }, ...faults);
    expect(stubborn).to.include({ exit: 1, retries: 0 });
    expect(stubborn.calls.failed / 2000).to.be.within(0.06, 0.1);
    expect(stubborn.failures.map(({ code }) => code)).to.include.members(['500', 'ECONNRESET']);
  });

  it('sits out an outage, and a request that is never answered ends with the deadline', async () => {
    const outage = await simulated({}, '--faults', 'outage:20s@2s', '--rate', '50/1s', '--calls', '500');
    expect(outage).to.deep.include({ exit: 0 });
    expect(outage.finishedMs).to.be.above(22_000);
    const hanging = await simulated({ retry: { deadline: '30s' } }, '--faults', 'hang:100%', '--calls', '3');
    expect(hanging).to.deep.include({ exit: 1, finishedMs: 30_000 });
    expect(hanging.failures).to.deep.equal([{ reason: 'deadline', code: 'ERR_HEADGATE_DEADLINE', calls: 3 }]);
  });

  it('begins calls at a pace, or so that few are open at once', async () => {
    const paced = await simulated({}, '--calls', '100', '--rate', '10/1s', '--latency', '50ms');
    expect(paced.finishedMs).to.be.closeTo(9950, 1);
    const narrow = await simulated({}, '--calls', '100', '--concurrency', '10', '--latency', '50ms');
    expect(narrow.finishedMs).to.be.closeTo(500, 1);
    expect(narrow).to.include({ idealMs: 500, queued: 0 });
  });

  it('keeps the quotas of a profile in the manner of its API, and those of the policy, where no other are given', async () => {
    const defender = { profile: { name: 'defender', tenant: 't' }, retry: { deadline: '3h' } };
    const get = ['--request', 'GET https://api.security.microsoft.com/api/alerts', '--calls', '250'];
    const figures = await simulated(defender, ...get);
    expect(figures.limits).to.deep.equal(['100 per 1 min', '1500 per 1 h']);
    expect(figures).to.include({ refused: 0 });
    expect(figures.finishedMs).to.be.within(2 * MINUTE, 2.1 * MINUTE);
    const own = await simulated({
      quotas: [{ match: { path: '/search/**' }, windows: [{ limit: 30, per: '1m' }] }],
    });
    expect(own.requests).to.deep.equal(['GET https://api.example.com/search/items']);
    expect(own.limits).to.deep.equal(['30 per 1 min']);
  });

  it('applies a limit to the requests that it is for', async () => {
    const requests = [
      '--request',
      'GET https://api.example.com/a/{n}',
      '--request',
      'POST https://api.example.com/b',
    ];
    const figures = await simulated({}, '--quota', '10/10s POST /b', ...requests, '--calls', '40');
    expect(figures.calls.succeeded).to.equal(40);
    expect(figures.refused).to.be.above(0);
    const free = await simulated(
      { adaptive: false },
      '--quota',
      '1/1h /c/**',
      ...requests,
      '--calls',
      '40',
      '--latency',
      '10ms',
    );
    expect(free).to.include({ refused: 0 });
    expect(free.finishedMs).to.be.closeTo(10, 1);
  });

  it('says that a deadline is too short for the limits', async () => {
    const figures = await simulated({ ...declared, retry: {} }, '--calls', '1000');
    expect(figures.exit).to.equal(1);
    expect(figures.calls.failed).to.be.above(700);
    expect(figures.advice[0]).to.match(
      /calls failed because of the deadline: the limits require 22 min .*retry\.deadline/,
    );
  });

  for (const [fault, calls, deadline, told] of [
    [
      'hang',
      '3',
      '5m',
      /^3 calls failed .* only 100 ms for a call: the server did not answer in time\. 3 of 3 attempts /,
    ],
    [
      'reset',
      '300',
      '5m',
      /^\d+ calls failed .* only 100 ms for a call: the server did not answer in time\. \d+ of /,
    ],
    [
      'hang',
      '3',
      '50ms',
      /^3 calls failed because of the deadline: the limits require 100 ms .*retry\.deadline/,
    ],
  ] as const)
    it(`says why calls are late: ${fault} within ${deadline}`, async () => {
      const flags = ['--faults', `${fault}:100%`, '--calls', calls, '--deadline', deadline];
      const { advice } = await simulated({}, ...flags);
      expect(advice[0]).to.match(told);
    });

  for (const [flags, told] of [
    [
      ['--faults', 'hang:100%', '--calls', '3', '--deadline', 'Infinity'],
      /^3 calls had not ended after 90 d: no deadline ends a request that gets no answer\. Set retry\.deadline\.$/,
    ],
    [
      ['--quota', '1/1d', '--calls', '100', '--deadline', 'Infinity'],
      /^\d+ calls had not ended after 90 d: the work takes 99 d .*at best\. Make fewer calls/,
    ],
  ] as const)
    it(`says why calls would not end: ${flags.join(' ')}`, async () => {
      const { exit, finishedMs, advice } = await simulated({}, ...flags);
      expect({ exit, finishedMs }).to.deep.equal({ exit: 1, finishedMs: null });
      expect(advice[0]).to.match(told);
      expect(advice.join(' ')).to.not.match(/none failed|end of the record/);
    });

  it('asks for no longer deadline because calls begin over a longer time', async () => {
    const flags = ['--rate', '1/10s', '--calls', '100', '--faults', 'hang:5%', '--deadline', '1m'];
    const { advice, calls } = await simulated({}, ...flags);
    expect(calls.failed).to.be.above(0);
    expect(advice[0]).to.include('the server did not answer in time');
  });

  it('says that calls are late because of refusals, or because of the stricter limits of the policy', async () => {
    const silent = ['--quota', '100/10s', '--calls', '300', '--tell', 'silent', '--deadline', '21s'];
    const slow = { adaptive: false, retry: { backoff: { base: '8s', jitter: 'none' } } };
    expect((await simulated(slow, ...silent)).advice[0]).to.match(/pauses after 429s/);
    const strict = { quotas: [{ match: {}, windows: [{ limit: 10, per: '1m' }] }], adaptive: false };
    const { advice } = await simulated(strict, '--quota', '1000/1m', '--calls', '100');
    expect(advice[0]).to.match(/the policy declares, or the gate learned, stricter ones/);
  });

  it('prints the URLs of requests without their secrets', async () => {
    const request = 'https://me:canary@api.example.com/items/{n}?token=canary';
    const argv = ['simulate', file('s.json', {}), '--calls', '2', '--request', request];
    const { requests } = await headgateJson<Figures>(argv);
    expect(requests).to.deep.equal(['GET https://api.example.com/items/{n}?token=REDACTED']);
    const { out } = await headgateCommand(argv);
    expect(out).to.not.include('canary');
  });

  it('takes Infinity as no deadline, as a policy does, and no duration without a unit', async () => {
    const flags = ['--quota', '10/1h', '--calls', '50', '--deadline'];
    expect(await simulated({}, ...flags, 'Infinity')).to.deep.include({ exit: 0 });
    const { error } = await headgateJson<{ error: { message: string } }>([
      'simulate',
      file('policy.json', {}),
      ...flags,
      '0',
    ]);
    expect(error.message).to.equal(
      `Option '--deadline': expected a duration with a unit, such as '250ms', '30s', '10m' or '1h', or Infinity, got "0"`,
    );
  });

  it('compares two policies on the same work', async () => {
    const [policy, other] = [file('a.json', {}), file('b.json', declared)];
    const flags = ['--quota', '45/1m', '--calls', '300', '--kind', 'rolling', '--deadline', '2h'];
    const { better, advice, policies } = await headgateJson<{
      better: string;
      advice: string[];
      policies: Figures[];
    }>(['simulate', policy, '--compare', other, ...flags]);
    expect(better).to.equal(other);
    expect(advice[0]).to.equal(`Prefer ${other} for this work.`);
    expect(policies.map((each) => each.policy)).to.deep.equal([policy, other]);
    const same = await headgateJson<{ better: null }>(['simulate', other, '--compare', other, ...flags]);
    expect(same.better).to.equal(null);
  });

  it('writes a page of the run', async () => {
    const page = file('page.html');
    const figures = await simulated(declared, '--calls', '100', '--report', page);
    expect(figures.report).to.equal(page);
    expect(readFileSync(page, 'utf8'))
      .to.match(/^<!doctype html>/)
      .and.to.include('"calls":100');
    const nowhere = await simulated(declared, '--calls', '10', '--report', '/nowhere/page.html');
    expect(nowhere).to.deep.include({ exit: 3 });
  });

  it('reads well in a narrow terminal', async () => {
    const argv = ['simulate', file('policy.json', declared), '--calls', '200', '--quota', '45/1m'];
    for (const columns of [40, 60, 120]) {
      const { out } = await headgateCommand(argv, { columns });
      const long = out.split('\n').filter((line) => line.length > Math.min(100, columns));
      // A path or URL stays whole, so that it can be copied.
      expect(
        long.filter((line) => !line.includes('/')),
        out,
      ).to.deep.equal([]);
      expect(out).to.not.include('\u001b');
    }
  });

  for (const [flag, value] of [
    ['--quota', '45'],
    ['--quota', '0/1m'],
    ['--quota', '45/1x'],
    ['--quota', '45/0s'],
    ['--quota', '45/1m of it'],
    ['--latency', '200'],
    ['--latency', '300ms-100ms'],
    ['--calls', '0'],
    ['--calls', 'many'],
    ['--calls', '1000001'],
    ['--faults', '200:1%'],
    ['--faults', '500:110%'],
    ['--faults', '500:60%,503:60%'],
    ['--faults', 'outage:5s'],
    ['--rate', '0/1s'],
    ['--rate', '10'],
    ['--concurrency', '-1'],
    ['--capacity', 'x'],
    ['--seed', '0.5'],
    ['--request', '/items'],
    ['--deadline', 'soon'],
    ['--start', 'yesterday'],
    ['--start', '2026-13-01'],
  ] as const)
    it(`refuses ${flag} ${value}, and names what is allowed`, async () => {
      const { error, exit } = await headgateJson<{ error: Record<string, string> }>([
        'simulate',
        file('policy.json', {}),
        `${flag}=${value}`,
      ]);
      expect(exit).to.equal(2);
      expect(error).to.include({ code: 'ERR_HEADGATE_OPTIONS', option: flag });
      expect(error.message).to.match(new RegExp(`^Option '${flag}': expected .+, got "`));
    });

  it('refuses a policy that is wrong, is no JSON, or is not there', async () => {
    for (const policy of [
      file('w.json', { retry: { attempts: 0 } }),
      file('n.json', '{'),
      file('none.json'),
    ]) {
      const { error, exit } = await headgateJson<{ error: { message: string } }>(['simulate', policy]);
      expect(exit).to.equal(2);
      expect(error.message).to.include(policy);
    }
  });
});

describe('headgate simulate, beside a real run of the same policy', function () {
  // The machine may be busy with other things during a try.
  this.retries(4);
  this.timeout(30_000);

  it('tells the time within 2 %', async () => {
    const policy = {
      quotas: [
        {
          match: {},
          windows: [
            { limit: 30, per: '1500ms' },
            { limit: 70, per: '4s' },
          ],
        },
      ],
      adaptive: false,
    };
    // given a real server, and the latency that it has on this machine
    const sim = await simulate({ latency: 50, auth: false });
    const gate = headgate(policy);
    const latencies: number[] = [];
    gate.on('success', ({ attempts }) => latencies.push(attempts[0]?.durationMs ?? 0));
    const fetch = gate.fetch();
    const startedAt = performance.now();
    await Promise.all(
      Array.from({ length: 90 }, async () => (await fetch(`${sim.url}/api/machines`)).text()),
    );
    const tookMs = performance.now() - startedAt;
    await gate.close();
    await sim.close();
    const latency = `${Math.round(latencies.reduce((sum, ms) => sum + ms, 0) / latencies.length)}ms`;
    // when the same is simulated
    const { finishedMs } = await simulated(policy, '--calls', '90', '--latency', latency);
    expect(finishedMs as number).to.be.within(tookMs / 1.02, tookMs * 1.02);
  });
});
