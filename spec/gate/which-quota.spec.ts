import { expect } from 'chai';
import type { Classification, Outcome, QuotaRef, RequestFacts } from 'headgate';
import { type Headgate, type HeadgateOptions, headgate } from 'headgate';
import { settled, VirtualClock } from '../support/virtual-clock.ts';

/** A refusal in place of an answer. */
class Refused extends Error {
  readonly read: Partial<Classification>;

  constructor(read: Partial<Classification>) {
    super('refused');
    this.read = read;
  }
}

const ref = (key: string, more: Partial<QuotaRef> = {}): QuotaRef => ({ key, windows: [], ...more });

/** A profile of an API whose requests draw on a route, on the tokens of a model, and on the account. */
const profile = {
  name: 'api',
  quota: ({ url }: RequestFacts) => ref(url.pathname),
  quotas: ({ url }: RequestFacts) => [
    ref(url.pathname),
    ref('model', { windows: [{ limit: 1000, per: 60_000, of: 'tokens' }] }),
    ref(`account of ${url.host}`),
  ],
  cost: () => ({ tokens: 1 }),
  classify: ({ error }: Outcome): Classification =>
    error instanceof Refused
      ? { verdict: 'throttled', status: 429, retryAfterSource: 'header', ...error.read }
      : { verdict: 'success', status: 200 },
};

describe('A refusal closes the quota that it refers to', () => {
  let clock: VirtualClock;
  let gate: Headgate;
  let sent: string[];

  beforeEach(() => {
    clock = new VirtualClock();
    sent = [];
    const options: HeadgateOptions = { profile, adaptive: false };
    gate = headgate(options, { clock, random: () => 0 });
  });

  afterEach(() => gate.close());

  /** Sends a request; the first attempt is refused, if it is told how. */
  function send(url: string, refusal?: Partial<Classification>): Promise<unknown> {
    let refusals = refusal ? 1 : 0;
    const run = gate.wrap(
      async () => {
        sent.push(url);
        if (refusals-- > 0) throw new Refused(refusal as Partial<Classification>);
      },
      { request: { method: 'GET', url: `https://${url}` } },
    );
    return run().catch((error: unknown) => error);
  }

  const closed = (): string[] =>
    gate
      .quotas()
      .filter(({ pausedUntil }) => pausedUntil !== undefined)
      .map(({ key }) => key);

  it('which is the narrowest one if it names none', async () => {
    void send('h.example/a', { retryAfterMs: 5000 });
    await settled();

    expect(closed()).to.deep.equal(['/a']);
    await send('h.example/b');
    expect(sent).to.deep.equal(['h.example/a', 'h.example/b']);
  });

  it('which is the one whose unit it names', async () => {
    void send('h.example/a', { retryAfterMs: 5000, unit: 'tokens' });
    await settled();
    expect(closed()).to.deep.equal(['model']);
  });

  it('which is the one that it names', async () => {
    const told: string[] = [];
    gate.on('pause', ({ quota }) => told.push(quota));
    void send('h.example/a', { retryAfterMs: 5000, quota: 'model' });
    await settled();
    expect(closed()).to.deep.equal(['model']);
    expect(told).to.deep.equal(['model']);
  });

  it('which is one that all requests to the host draw on, if it names the account', async () => {
    await send('h.example/b');
    await send('other.example/c');
    void send('h.example/a', { retryAfterMs: 5000, quota: 'account' });
    await settled();
    expect(closed()).to.deep.equal(['h.example account']);

    sent.length = 0;
    const later = ['h.example/b', 'h.example/d', 'other.example/c'].map((path) => send(path));
    await clock.advance(4900);
    expect(sent).to.have.length(1);
    await clock.advance(3000);
    await Promise.all(later);
    expect(sent).to.have.length(4);
  });

  it('which is every quota of the host, even new ones, once a second is refused with the same reset', async () => {
    for (const path of ['c', 'd', 'e']) await send(`h.example/${path}`);
    void send('h.example/a', { retryAfterMs: 5000 });
    await settled();
    await clock.advance(100);
    expect(closed()).to.deep.equal(['/a']);
    void send('h.example/b', { retryAfterMs: 4900 });
    await settled();
    expect(closed()).to.deep.equal(['/a', '/b', 'h.example account']);

    sent.length = 0;
    const later = ['c', 'd', 'e', 'f', 'g'].map((path) => send(`h.example/${path}`));
    await clock.advance(4800);
    expect(sent).to.deep.equal([]);
    await clock.advance(3000);
    await Promise.all(later);
    expect(sent).to.have.length(7);
  });

  it('and only that one if the second names another reset', async () => {
    void send('h.example/a', { retryAfterMs: 5000 });
    void send('h.example/b', { retryAfterMs: 60_000 });
    await settled();
    expect(closed()).to.deep.equal(['/a', '/b']);
  });

  it('and counts in no learned window of the others', async () => {
    await gate.close();
    const windows = [{ limit: 10, per: 60_000 }];
    const learned = { 'account of h.example': { at: Date.now(), windows } };
    gate = headgate({ profile, learned }, { clock, random: () => 0 });
    const all = ['a', 'b', 'c'].map((path) => send(`h.example/${path}`, { retryAfterMs: 1000 }));
    await clock.advance(100);
    const used = () => gate.quotas().find(({ key }) => key in learned)?.learned?.windows[0]?.used;
    // Without a response, the last one ends only after it was refused.
    expect(used()).to.be.at.most(1);
    await clock.advance(5000);
    await Promise.all(all);
    expect(used()).to.be.within(3, 4);
  });
});
