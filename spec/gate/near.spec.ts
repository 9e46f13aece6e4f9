import { expect } from 'chai';
import { type Headgate, headgate, type NearEvent, OptionsError } from 'headgate';
import type { Environment } from '../../lib/headgate-types.ts';
import type { HeadgateOptions } from '../../lib/options/types.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const url = 'http://api.example/items';

describe('near', () => {
  let clock: VirtualClock;
  let gate: Headgate;
  let told: NearEvent[];
  let answer: () => Response;

  function open(options: HeadgateOptions): void {
    gate = headgate(options, { clock, random: () => 0 } satisfies Environment as never);
    gate.on('near', (event) => told.push(event));
  }

  /** Sends that many, one after another. */
  async function send(count: number, options: object = {}): Promise<void> {
    const api = gate.fetch(async () => answer());
    for (let sent = 0; sent < count; sent += 1) {
      const response = api(url, options as never);
      await clock.advance(0);
      await (await response).text();
    }
  }

  beforeEach(() => {
    clock = new VirtualClock();
    told = [];
    answer = () => new Response('{}');
  });
  afterEach(() => gate?.close());

  it('reports a window that is used to its share, once until the next window', async () => {
    open({ quotas: [{ name: 'items', near: 0.8, windows: [{ limit: 10, per: '1m' }] }] });
    await send(7);
    expect(told).to.deep.equal([]);
    await send(3);
    expect(told).to.have.length(1);
    expect(told[0]).to.include({
      ...{ type: 'near', gate: 'generic', quota: 'items', unit: 'requests', source: 'declared' },
      ...{ limit: 10, used: 8, share: 0.8, perMs: 60_000 },
    });
    // in the next window it is told anew
    await clock.advance(60_100);
    await send(7);
    expect(told).to.have.length(1);
    await send(1);
    expect(told).to.have.length(2);
  });

  it('is emitted once per window, however often use crosses the share', async () => {
    open({ quotas: [{ near: 0.75, windows: [{ limit: 4, per: 1000 }] }] });
    // 2 of 4 are in use when the next goes, which makes 3, again and again
    const began = clock.now();
    for (let round = 0; round < 26; round += 1) {
      await send(1);
      await clock.advance(400);
    }
    expect(told).to.have.length.within(2, Math.ceil((clock.now() - began) / 1000));
    for (const [index, { at }] of told.entries())
      if (index > 0) expect(at - (told[index - 1] as NearEvent).at).to.be.at.least(1000);
  });

  it('reports each window of each unit separately, and use after costs are corrected', async () => {
    open({
      quotas: [
        {
          near: 0.75,
          windows: [
            { limit: 100, per: '1m' },
            { limit: 1000, per: '1m', of: 'tokens' },
            { limit: 4, per: '10s' },
          ],
          spent: () => ({ tokens: 900 }),
        },
      ],
    });
    await send(1, { headgate: { cost: { tokens: 10 } } });
    expect(told.map(({ unit, limit }) => `${limit} ${unit}`)).to.deep.equal(['1000 tokens']);
    expect(told[0]?.used).to.equal(900);
  });

  it('reports learned windows', async () => {
    open({ quotas: [{ near: 0.8, name: 'any' }] });
    answer = () =>
      new Response('{}', {
        headers: { 'ratelimit-policy': '"burst";q=10;w=60', ratelimit: '"burst";r=9;t=60' },
      });
    await send(1);
    answer = () => new Response('{}');
    await send(8);
    expect(told).to.have.length(1);
    expect(told[0]).to.include({
      source: 'learned',
      limit: 10,
      perMs: 60_000,
      unit: 'requests',
      quota: 'any',
    });
  });

  it('reports what headers say is left, in any unit, until it is full again', async () => {
    open({ quotas: [{ near: 0.8, name: 'any' }], adaptive: false });
    const remaining = (left: number, tokens: number): Response =>
      new Response('{}', {
        headers: {
          'x-ratelimit-limit-requests': '100',
          'x-ratelimit-remaining-requests': String(left),
          'x-ratelimit-reset-requests': '30s',
          'x-ratelimit-limit-tokens': '9000',
          'x-ratelimit-remaining-tokens': String(tokens),
          'x-ratelimit-reset-tokens': '10s',
        },
      });
    answer = () => remaining(21, 8000);
    await send(1);
    expect(told).to.deep.equal([]);
    answer = () => remaining(20, 100);
    await send(2);
    expect(told.map(({ unit, used, source }) => [unit, used, source])).to.deep.equal([
      ['requests', 80, 'header'],
      ['tokens', 8900, 'header'],
    ]);
    expect((told[1] as NearEvent).until).to.equal((told[1] as NearEvent).at + 10_000);
    // 10 s later the tokens were full and are used up again; the requests are still those of the same window
    await clock.advance(10_000);
    answer = () => remaining(19, 100);
    await send(1);
    expect(told.slice(2).map(({ unit }) => unit)).to.deep.equal(['tokens']);
  });

  it('reports once a limit that is both declared and stated by a header', async () => {
    open({ quotas: [{ near: 0.5, windows: [{ limit: 10, per: '1m' }] }] });
    let left = 10;
    answer = () => {
      left -= 1;
      return new Response('{}', {
        headers: {
          'x-ratelimit-limit': '10',
          'x-ratelimit-remaining': String(left),
          'x-ratelimit-reset': '60',
        },
      });
    };
    await send(8);
    expect(told.map(({ source }) => source)).to.deep.equal(['declared']);
  });

  it('reports the key of each per-value quota', async () => {
    open({ quotas: [{ name: 'of', each: ['host'], near: 1, windows: [{ limit: 1, per: '1m' }] }] });
    await send(1);
    expect(told.map(({ quota }) => quota)).to.deep.equal(['of host=api.example']);
  });

  it('follows updates, and reports nothing unless asked to', async () => {
    open({ quotas: [{ name: 'a', windows: [{ limit: 2, per: '1m' }] }] });
    await send(2);
    await clock.advance(61_000);
    expect(told).to.deep.equal([]);
    gate.update({ quotas: [{ name: 'a', near: 0.5, windows: [{ limit: 2, per: '1m' }] }] });
    await send(1);
    expect(told).to.have.length(1);
  });

  it('lets a listener send and close without exceeding the limit', async () => {
    open({
      quotas: [
        { name: 'first', near: 0.5, windows: [{ limit: 2, per: '1m' }] },
        { name: 'both', also: true, windows: [{ limit: 2, per: '1m' }] },
      ],
    });
    let sent = 0;
    const api = gate.fetch(async () => {
      sent += 1;
      return new Response('{}');
    });
    const own: Promise<unknown>[] = [];
    gate.on('near', () => {
      for (let more = 0; more < 5; more += 1) own.push(api(url).catch(() => undefined));
    });
    await api(url);
    await clock.advance(1000);
    expect(sent).to.equal(2);
    await gate.close();
    await Promise.all(own);
  });

  for (const near of [0, -1, 1.01, Number.NaN, '0.8', true]) {
    it(`of ${JSON.stringify(near)} is rejected`, () => {
      expect(() => headgate({ quotas: [{ near: near as never }] }))
        .to.throw(OptionsError)
        .with.property('message')
        .that.matches(/quotas\.0\.near.*above 0 and up to 1/);
    });
  }
});

describe('gate.quotas()', () => {
  it('shows the limits and remainders that headers last stated, less what was sent since', async () => {
    const clock = new VirtualClock();
    const gate = headgate({}, { clock } satisfies Environment as never);
    const api = gate.fetch(
      async () =>
        new Response('{}', {
          headers: {
            'x-ratelimit-limit-requests': '100',
            'x-ratelimit-remaining-requests': '60',
            'x-ratelimit-reset-requests': '30s',
            'x-ratelimit-limit-tokens': '9000',
            'x-ratelimit-remaining-tokens': '8000',
            'x-ratelimit-reset-tokens': '10s',
          },
        }),
    );
    await api(url);
    const [quota] = gate.quotas();
    expect(quota?.stated).to.have.length(2);
    expect(quota?.stated?.map(({ unit, limit, remaining }) => [unit, limit, remaining])).to.deep.equal([
      ['requests', 100, 60],
      ['tokens', 9000, 8000],
    ]);
    await clock.advance(10_001);
    expect(gate.quotas()[0]?.stated?.map(({ unit }) => unit)).to.deep.equal(['requests']);
    await gate.close();
  });
});
