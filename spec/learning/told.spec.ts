import { expect } from 'chai';
import { type HeadgateOptions, headgate, type RequestFacts } from 'headgate';
import { discord, github } from 'headgate/profiles';
import { Meter, type MeterKind } from '../../lib/simulator/meters.ts';
import { seeded } from '../../lib/simulator/random.ts';
import { play } from '../support/play.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A server whose every answer tells what is left of the quota that the request draws on. */
interface Server {
  readonly url: (call: number) => string;
  /** Key of the quota of a path. */
  readonly quota: (path: string) => string;
  readonly limit: number;
  readonly per: number;
  readonly kind: MeterKind;
  readonly told: (meter: Meter, now: number) => Record<string, string>;
}

const left = (meter: Meter, now: number): string =>
  String(Math.max(0, Math.floor(meter.limit - meter.used(now))));

/** Sends `calls` at once; returns how many attempts were refused, and the time that they took, in ms. */
async function send(server: Server, calls: number, options: HeadgateOptions) {
  const clock = new VirtualClock(1_700_000_000_000);
  const random = seeded(1);
  const { limit, per, kind, told } = server;
  const meters = new Map<string, Meter>();
  let refused = 0;
  const way = (): Promise<void> =>
    new Promise((resolve) => clock.setTimer(() => resolve(), 20 + 20 * random(), true));
  const gate = headgate({ retry: { deadline: '1h' }, ...options }, { clock, random: seeded(2) });
  const fetch = gate.fetch(async (input) => {
    const quota = server.quota(new URL(String(input)).pathname);
    await way();
    const now = clock.now();
    const meter = meters.get(quota) ?? new Meter({ limit, per }, kind, now - random() * per);
    meters.set(quota, meter);
    const wait = meter.wait(now, 1);
    if (wait === 0) meter.take(now, 1);
    else refused += 1;
    const headers = {
      ...told(meter, now),
      ...(wait > 0 && { 'retry-after': String(Math.ceil(wait / 1000)) }),
    };
    await way();
    return new Response('{}', { status: wait > 0 ? 429 : 200, headers });
  });
  const startedAt = clock.now();
  await play(clock, Promise.all(Array.from({ length: calls }, (_, call) => fetch(server.url(call)))));
  const ms = clock.now() - startedAt;
  await gate.close();
  return { refused, ms };
}

/** A route of Discord, with a limit of its own in each channel. */
const routes = (kind: MeterKind): Server => ({
  url: (call) => `https://discord.com/api/v10/channels/${call % 20}/messages`,
  quota: (path) => path,
  limit: 5,
  per: 1000,
  kind,
  told: (meter, now) => ({
    'x-ratelimit-limit': String(meter.limit),
    'x-ratelimit-remaining': left(meter, now),
    'x-ratelimit-reset-after': String(Math.ceil(meter.reset(now)) / 1000),
    'x-ratelimit-bucket': 'messages',
  }),
});

const core: Server = {
  url: (call) => `https://api.github.com/repos/o/${call}`,
  quota: () => 'core',
  limit: 100,
  per: 2000,
  kind: 'rolling',
  told: (meter, now) => ({
    date: new Date(now).toUTCString(),
    'x-ratelimit-limit': String(meter.limit),
    'x-ratelimit-remaining': left(meter, now),
    'x-ratelimit-reset': String(Math.ceil((now + meter.reset(now)) / 1000)),
  }),
};

describe('A server that tells what is left', function () {
  this.timeout(60_000);

  for (const [kind, most] of [
    ['fixed', 20],
    ['rolling', 12],
    ['bucket', 20],
  ] as const) {
    it(`of 20 small quotas that nobody declared refuses few of 500 calls: ${kind}`, async () => {
      const known = discord({ bot: 'b' });
      const quotas = (request: RequestFacts) =>
        (known.quotas?.(request) ?? []).map((ref) => ({ ...ref, windows: [] }));
      const profile = { ...known, quotas };
      const { refused } = await send(routes(kind), 500, { profile });
      expect(refused).to.be.at.most(most);
    });
  }

  it('is not waited for until a reset in whole seconds where a declared window counts the same', async () => {
    const quotas = [{ match: {}, windows: [{ limit: 100, per: 2000 }] }];
    const { refused, ms } = await send(core, 500, { profile: github({ user: 'u' }), quotas });
    expect(refused).to.equal(0);
    // Four windows, and four round trips at most; 10.6 s if each window lasted until the reset.
    expect(ms).to.be.at.most(4 * (2000 + 80) + 400);
  });
});
