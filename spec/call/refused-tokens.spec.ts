import { expect } from 'chai';
import { type AnyEvent, type Headgate, headgate } from 'headgate';
import { defender } from 'headgate/profiles';
import { endings } from '../support/ending.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const MINUTE = 60_000;

describe('A token that is refused while brand-new', () => {
  const own = endings();
  let clock: VirtualClock;
  let gate: Headgate;
  let fetched: number;
  let sent: string[];
  let failures: Extract<AnyEvent, { type: 'failure' }>[];
  /** Whether the service accepts a token for a path. */
  let accepts: (token: string, path: string) => boolean;
  let send: (path?: string) => Promise<number>;

  function open(options: object = {}): void {
    clock = new VirtualClock();
    fetched = 0;
    sent = [];
    failures = [];
    gate = own(
      headgate(
        { ...options, auth: { token: () => ({ token: `t${++fetched}` }) } },
        { clock, random: () => 0 },
      ),
    );
    gate.on('failure', (event) => failures.push(event));
    const f = gate.fetch(async (input: unknown, init?: RequestInit) => {
      const token = new Headers(init?.headers).get('authorization')?.slice('Bearer '.length) ?? '';
      sent.push(token);
      return new Response('{}', { status: accepts(token, new URL(String(input)).pathname) ? 200 : 401 });
    });
    send = async (path = '/x') => (await f(`https://api.example${path}`)).status;
  }

  it('is not fetched again for each call, and the hint says that the token is good', async () => {
    open();
    accepts = () => false;
    for (let call = 0; call < 20; call += 1) expect(await send()).to.equal(401);
    expect(fetched).to.equal(2);
    expect(sent).to.have.length(21);
    for (const { hint } of failures) expect(hint).to.match(/the token is good.*licence.*audience.*tenant/s);
  });

  it('is replaced once for calls that are refused together', async () => {
    open();
    accepts = () => false;
    await Promise.all(Array.from({ length: 40 }, () => send()));
    await Promise.all(Array.from({ length: 40 }, () => send()));
    expect(fetched).to.equal(2);
  });

  it('is tried again after a while, which grows up to ten minutes', async () => {
    open();
    accepts = () => false;
    const at: number[] = [];
    const startedAt = clock.now();
    for (let second = 0; second < 7200; second += 5) {
      const before = fetched;
      await send();
      if (fetched > before) at.push((clock.now() - startedAt) / 1000);
      await clock.advance(5000);
    }
    expect(at).to.deep.equal([
      0, 30, 90, 210, 450, 930, 1530, 2130, 2730, 3330, 3930, 4530, 5130, 5730, 6330, 6930,
    ]);
  });

  it('is forgotten once a token is accepted for longer: when that one expires, another is fetched at once', async () => {
    open();
    let good = '';
    accepts = (token) => token === good;
    await send();
    expect(fetched).to.equal(2);
    await clock.advance(MINUTE);
    good = 't3';
    expect(await send()).to.equal(200);
    await clock.advance(30 * MINUTE);
    good = 't4';
    expect(await send()).to.equal(200);
    expect(fetched).to.equal(4);
    expect(failures).to.have.length(1);
  });

  it('by one service only keeps serving the others', async () => {
    open();
    accepts = (_, path) => path !== '/licensed';
    for (let call = 0; call < 10; call += 1) {
      expect(await send('/licensed')).to.equal(401);
      expect(await send('/x')).to.equal(200);
    }
    expect(fetched).to.equal(2);
  });

  it('is replaced at its first refusal', async () => {
    open();
    accepts = (token) => token !== 't1';
    expect(await send()).to.equal(200);
    expect(failures).to.deep.equal([]);
    expect(sent).to.deep.equal(['t1', 't2']);
  });

  for (const message of ['Account mode is inactive', 'No Tvm license']) {
    it(`is not replaced if Defender says "${message}"`, async () => {
      let tokens = 0;
      const now = own(
        headgate({
          profile: defender({ tenant: 't', app: 'a' }),
          auth: { token: () => ({ token: `t${++tokens}` }) },
        }),
      );
      let hint: string | undefined;
      now.on('failure', (event) => {
        hint = event.hint;
      });
      const error = {
        code: 'Unauthorized',
        message: `Unauthorized request - reason of failure: ${message}`,
        target: 'id',
      };
      const f = now.fetch(async () => Response.json({ error }, { status: 401 }));
      for (let call = 0; call < 5; call += 1)
        await f('https://api.securitycenter.microsoft.com/api/machines');
      expect(tokens).to.equal(1);
      expect(hint).to.match(/token is valid/);
    });
  }
});
