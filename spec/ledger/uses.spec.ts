import { expect } from 'chai';
import { type Headgate, type Holder, headgate, type Ledger } from 'headgate';
import { virtualClock } from 'headgate/testing';

/** ms that a window keeps a permit beyond its length. */
const GRAIN = 1;

describe('What a ledger hears of permits in use', () => {
  const clock = virtualClock();
  let holder: Holder;
  let gate: Headgate;
  let answer: () => void;

  beforeEach(() => {
    const ledger: Ledger = {
      open: (_book, opened) => {
        holder = opened;
        return {
          shared: false,
          share: Infinity,
          renewMs: Infinity,
          lease: () => new Promise(() => undefined),
          withdraw: () => 0,
          close: async () => undefined,
        };
      },
    };
    const windows = [{ limit: 1_000_000, per: '1m' as const, of: 'tokens' }];
    gate = headgate({ quotas: [{ name: 'q', windows }], ledger }, { clock });
  });

  afterEach(() => gate.close());

  /** Sends a call of this cost, which stays in flight until it is answered. */
  const send = (tokens: number): Promise<unknown> => {
    const request = { method: 'GET', url: 'https://h.example/', headgate: { cost: { tokens } } };
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    return gate.wrap(() => answered, { request })();
  };

  it('is one entry for each attempt, whatever it costs', async () => {
    const first = send(100_000);
    answer();
    await first;
    await clock.advance(1000);
    const second = send(250_000);

    expect(holder.uses()).to.deep.equal([
      { permits: 100_000, freeIn: 59_000 + GRAIN },
      { permits: 250_000, freeIn: Infinity },
    ]);
    answer();
    await second;
  });

  it('is one entry for each permit where the ledger asks so', async () => {
    const first = send(2.5);
    answer();
    await first;
    const second = send(2);

    expect(holder.returns()).to.deep.equal([...Array(3).fill(60_000 + GRAIN), Infinity, Infinity]);
    answer();
    await second;
  });
});
