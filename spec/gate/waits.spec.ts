import { expect } from 'chai';
import { type HeadgateOptions, headgate, OutageError, WaitError } from 'headgate';
import { settled, VirtualClock } from '../support/virtual-clock.ts';

type Answer = () => Response | Promise<Response>;
const ok: Answer = () => new Response('ok');
const refusal: Answer = () => new Response('', { status: 429, headers: { 'retry-after': '30' } });
const fault: Answer = () => new Response('', { status: 503 });

describe('A wait that a call declines', () => {
  let clock: VirtualClock;
  let sent: number;
  let answer: Answer;
  const gated = (options: HeadgateOptions) => {
    const gate = headgate(options, { clock, random: () => 0 });
    const send = gate.fetch(async () => {
      sent += 1;
      return answer();
    });
    const get = (path = '/a') => send(`http://api.test${path}`).catch((error: unknown) => error);
    return { gate, get };
  };
  beforeEach(() => {
    clock = new VirtualClock();
    sent = 0;
    answer = ok;
  });

  it('may be for a paused quota: the call that closed it and later ones end with the moment of its reopening', async () => {
    answer = refusal;
    const { gate, get } = gated({ retry: { inline: '5s' } });
    const first = await get();
    const second = await get();
    for (const error of [first, second]) {
      expect(error).to.be.instanceOf(WaitError);
      expect((error as WaitError).waitMs).to.be.within(30_000, 30_700);
      expect((error as WaitError).retryAt).to.be.within(clock.now() + 30_000, clock.now() + 30_700);
      expect((error as WaitError).code).to.equal('ERR_HEADGATE_WAIT');
      expect((error as WaitError).headgate?.reason).to.equal('wait');
    }
    expect((first as WaitError).headgate?.attempts.map(({ status }) => status)).to.deep.equal([429]);
    expect(sent).to.equal(1);
    await gate.close();
  });

  it('may be before a retry, or for its turn; shorter waits are accepted', async () => {
    answer = fault;
    const { gate, get } = gated({
      retry: { inline: '5s', backoff: { base: '10s', jitter: 'none' } },
      quotas: [{ name: 'q', match: { path: '/q' }, windows: [{ limit: 1, per: '10s' }] }],
    });
    expect(await get()).to.be.instanceOf(WaitError);
    answer = ok;
    expect(await get('/q')).to.be.instanceOf(Response);
    const turn = await get('/q');
    expect(turn).to.be.instanceOf(WaitError);
    expect((turn as WaitError).quota).to.equal('q');
    await clock.advance(6000);
    const shorter = get('/q');
    await clock.advance(4500);
    expect(await shorter).to.be.instanceOf(Response);
    await gate.close();
  });

  it('ends in time if its length is unknown, and with a pause that begins during it', async () => {
    let finish = (_: Response): void => undefined;
    answer = () => new Promise((resolve) => (finish = resolve));
    const { gate, get } = gated({ retry: { inline: '5s' }, quotas: [{ name: 'q', concurrency: 1 }] });
    const first = get();
    const second = get();
    await clock.advance(4999);
    const third = get();
    await clock.advance(2);
    expect(await second).to.be.instanceOf(WaitError);
    gate.pause('q', { for: '20s' });
    await settled();
    expect(await third).to.be.instanceOf(WaitError);
    finish(new Response('ok'));
    expect(await first).to.be.instanceOf(Response);
    await gate.close();
  });

  it("may be for the end of an outage with outage: 'fail', until the probe that ends it is due", async () => {
    answer = fault;
    const { gate, get } = gated({ retry: { outage: 'fail', attempts: 2, budget: false } });
    const broken = [1, 2, 3, 4, 5, 6].map(() => get());
    await clock.advance(5000);
    await Promise.all(broken);
    // The first from now on is the probe, and fails.
    await get();
    const before = sent;
    const refused = await get();
    expect(refused).to.be.instanceOf(OutageError);
    expect((refused as OutageError).headgate?.reason).to.equal('outage');
    expect(sent).to.equal(before);
    answer = ok;
    await clock.advance((refused as OutageError).retryAt - clock.now());
    expect(await get()).to.be.instanceOf(Response);
    expect(await get()).to.be.instanceOf(Response);
    await gate.close();
  });

  describe('or that ends it names the quota that holds it, which may apply besides another', () => {
    const account = (limit: object, retry: object = {}, rest: object = {}): HeadgateOptions => ({
      retry: { attempts: 2, budget: false, ...retry },
      quotas: [
        { name: 'main', match: {}, windows: [{ limit: 1000, per: '1m' }] },
        { name: 'account', also: true, ...limit },
      ],
      ...rest,
    });
    const used = { windows: [{ limit: 1, per: '1m' }] };
    const says = (error: unknown, code: string): void => {
      expect(error).to.have.property('code', `ERR_HEADGATE_${code}`);
      expect((error as Error).message).to.match(/^GET http:\/\/api\.test\/a \(quota 'account'\): /);
      expect((error as WaitError).quota ?? 'account').to.equal('account');
    };

    it('before it would wait', async () => {
      for (const [code, options] of [
        ['WAIT', account(used, { inline: '5s' })],
        ['DEADLINE', account(used, { deadline: '5s' })],
        ['COST', account({ windows: [{ limit: 5, per: '1m', of: 'tokens' }], cost: { tokens: 6 } })],
        ['QUEUE_FULL', account(used, {}, { maxQueue: 0 })],
      ] as const) {
        const { gate, get } = gated(options);
        const first = await get();
        says(code === 'COST' ? first : await get(), code);
        await gate.close();
      }
    });

    it('after it waited for an attempt in flight', async () => {
      answer = () => new Promise(() => undefined);
      for (const [code, retry] of [
        ['WAIT', { inline: '5s' }],
        ['DEADLINE', { deadline: '5s' }],
        ['CLOSED', {}],
      ] as const) {
        const { gate, get } = gated(account({ concurrency: 1 }, retry));
        void get();
        await settled();
        const second = get();
        await clock.advance(5001);
        if (code === 'CLOSED') await gate.close();
        says(await second, code);
        await gate.close();
      }
    });

    it('in an outage that other quotas found', async () => {
      answer = fault;
      const { gate, get } = gated({
        retry: { attempts: 2, budget: false, outage: 'fail' },
        quotas: [
          { name: 'main', match: { path: '/a' } },
          { name: 'other', match: {} },
          { name: 'account', also: true },
        ],
      });
      const broken = [1, 2, 3, 4, 5, 6].map(() => get('/b'));
      await clock.advance(5000);
      await Promise.all(broken);
      await get('/b');
      says(await get(), 'OUTAGE');
      await gate.close();
    });
  });

  it('may be manual, for a name or a match, with the cause manual, and is ended by resume()', async () => {
    const { gate, get } = gated({ quotas: [{ name: 'q', match: { path: '/q' } }] });
    const told: string[] = [];
    for (const name of ['pause', 'resume'] as const) {
      gate.on(name, ({ quota, cause }) => told.push(`${name} ${quota} ${cause}`));
    }
    for (const what of ['q', { path: '/q' }]) {
      gate.pause(what, { for: '30s' });
      let done = false;
      const held = get('/q').then(() => (done = true));
      expect(await get('/other')).to.be.instanceOf(Response);
      await clock.advance(10_000);
      expect(done).to.equal(false);
      gate.resume(what);
      await clock.advance(10);
      await held;
      gate.pause(what, { for: '1s' });
      const again = get('/q');
      await clock.advance(1200);
      expect(await again).to.be.instanceOf(Response);
    }
    expect(told).to.have.lengthOf(8);
    expect(told.every((each) => each.endsWith('manual'))).to.equal(true);
    await gate.close();
  });

  it('leaves the limits of a declared quota with the same match unchanged, during the pause and after it', async () => {
    const { gate, get } = gated({ quotas: [{ match: { path: '/q' }, windows: [{ limit: 1, per: '10s' }] }] });
    gate.pause({ path: '/q' }, { for: '1s' });
    const calls = [get('/q'), get('/q')];
    await clock.advance(2000);
    expect(sent).to.equal(1);
    expect(gate.quotas().map(({ key }) => key)).to.deep.equal(['* /q']);
    await clock.advance(9500);
    await Promise.all(calls);
    expect(sent).to.equal(2);
    await gate.close();
  });

  it('continues after resume() if the server asked for it', async () => {
    answer = refusal;
    const { gate, get } = gated({ quotas: [{ name: 'q' }] });
    const call = get();
    await clock.advance(1);
    gate.pause('q', { for: '60s' });
    answer = ok;
    gate.resume('q');
    await clock.advance(20_000);
    expect(sent).to.equal(1);
    await clock.advance(11_000);
    expect(await call).to.be.instanceOf(Response);
    await gate.close();
  });

  it('is rejected with the values allowed if an option is invalid', () => {
    expect(() => headgate({ retry: { inline: 'soon' as never } })).to.throw(/retry\.inline/);
    expect(() => headgate({ retry: { outage: 'wait' as never } })).to.throw(/retry\.outage/);
    expect(() => headgate().pause('q', { for: 0 })).to.throw(/for/);
  });
});
