import diagnostics from 'node:diagnostics_channel';
import { expect } from 'chai';
import { headgate, type RequestFacts, reportOf } from 'headgate';
import { generic } from 'headgate/profiles';
import { type SinonStub, stub } from 'sinon';
import { endings } from '../support/ending.ts';

describe('A warning', () => {
  const own = endings();
  let process_: SinonStub;
  beforeEach(() => {
    process_ = stub(process, 'emitWarning');
  });
  afterEach(() => process_.restore());

  const quotas = [{ name: 'mine', windows: [{ limit: 100, per: '1m' }] }];
  const answer = async () => new Response('{}');
  const asked = { headgate: { quota: 'Mine' } };
  const codes = () => process_.args.map(([, options]) => options.code);

  it('that nobody listens to becomes a warning of the process, once per cause', async () => {
    const gate = own(headgate({ quotas, name: 'g' }));
    const api = gate.fetch(answer);
    for (const quota of ['Mine', 'Mine', 'other']) await api('https://h/', { headgate: { quota } });
    expect(codes()).to.deep.equal(['HEADGATE_UNKNOWN_QUOTA', 'HEADGATE_UNKNOWN_QUOTA']);
    expect(process_.firstCall.args[0]).to.match(/'Mine' is not declared.*similar: 'mine'.*gate 'g'/);
    expect(process_.secondCall.args[0]).to.match(/'other'.*known: 'mine'/);
  });

  it('that somebody listens to does not', async () => {
    const heard: unknown[] = [];
    {
      const gate = own(headgate({ quotas }));
      gate.on('warning', (event) => heard.push(event));
      await gate.fetch(answer)('https://h/', asked);
    }
    {
      const gate = own(headgate({ quotas }));
      gate.events();
      await gate.fetch(answer)('https://h/', asked);
    }
    const subscriber = (event: unknown) => heard.push(event);
    diagnostics.subscribe('headgate:warning', subscriber);
    try {
      const gate = own(headgate({ quotas }));
      await gate.fetch(answer)('https://h/', asked);
    } finally {
      diagnostics.unsubscribe('headgate:warning', subscriber);
    }
    expect(heard).to.have.length(2);
    expect(codes()).to.deep.equal([]);
  });

  it('of an unknown quota is none where none is declared, nor for a name that is', async () => {
    const gate = own(headgate());
    await gate.fetch(answer)('https://h/', asked);
    const another = own(headgate({ quotas }));
    await another.fetch(answer)('https://h/', { headgate: { quota: 'mine' } });
    expect(codes()).to.deep.equal([]);
  });

  it('of an unknown quota is also of a pause and of its end', async () => {
    const gate = own(headgate({ quotas }));
    gate.pause('mine', { for: '1m' });
    gate.resume('mnie');
    expect(codes()).to.deep.equal(['HEADGATE_UNKNOWN_QUOTA']);
    gate.pause('nime', { for: '1m' });
    expect(codes()).to.deep.equal(['HEADGATE_UNKNOWN_QUOTA', 'HEADGATE_UNKNOWN_QUOTA']);
  });

  describe('of an unknown unit', () => {
    const tokens = [{ match: { path: '/chat' }, windows: [{ limit: 100, per: '1m', of: 'tokens' }] }];
    const warned = () => process_.args.map(([message]) => message);

    it('is of a cost, once, and names the unit that is meant', async () => {
      const gate = own(headgate({ quotas: tokens, name: 'g' }));
      const api = gate.fetch(answer);
      for (const cost of [{ tokns: 5 }, { tokns: 7 }, { typo: 5 }, { requets: 2 }])
        await api('https://h/chat', { headgate: { cost } });
      expect(codes()).to.deep.equal(Array(3).fill('HEADGATE_UNKNOWN_UNIT'));
      expect(warned()[0]).to.match(/'tokns'.*similar: 'tokens'.*gate 'g'/);
      expect(warned()[1]).to.match(/'typo'.*known: 'requests', 'tokens'/);
      expect(warned()[2]).to.match(/'requets'.*similar: 'requests'/);
    });

    it("is of a declared quota's cost, as soon as it is declared", () => {
      const gate = own(headgate({ quotas: [{ ...tokens[0], cost: { tokens: 1, tokns: 5 } }], name: 'g' }));
      expect(warned()).to.deep.equal([
        "No limit counts 'tokns'; similar: 'tokens' (gate 'g'; gate.on('warning') replaces this)",
      ]);
      gate.update({ quotas: [{ ...tokens[0], cost: { tokens: 1, requests: 2 } }] });
      expect(codes()).to.have.length(1);
    });

    it('is of what a call reports as spent', async () => {
      const gate = own(headgate({ quotas: tokens }));
      const response = await gate.fetch(answer)('https://h/chat', { headgate: { cost: { tokens: 5 } } });
      reportOf(response)?.spend({ tokens: 7 });
      expect(codes()).to.deep.equal([]);
      reportOf(response)?.spend({ tokens: 7, tokns: 7 });
      expect(codes()).to.deep.equal(['HEADGATE_UNKNOWN_UNIT']);
    });

    it('is none where another quota or the profile knows the unit, or nothing limits any', async () => {
      const cost = { tokens: 5, requests: 2 };
      const gate = own(headgate({ quotas: tokens }));
      await gate.fetch(answer)('https://h/models', { headgate: { cost } });
      const without = own(headgate({ quotas }));
      await without.fetch(answer)('https://h/chat', { headgate: { cost } });
      const base = generic();
      const profile = {
        ...base,
        quota: (request: RequestFacts) => ({
          ...base.quota(request),
          windows: [{ limit: 9, per: 1000, of: 'points' }],
        }),
        cost: () => ({ images: 1 }),
      };
      const profiled = own(headgate({ profile, quotas: tokens }));
      await profiled.fetch(answer)('https://h/', { headgate: { cost: { ...cost, points: 1, images: 2 } } });
      expect(codes()).to.deep.equal([]);
      await profiled.fetch(answer)('https://h/', { headgate: { cost: { pionts: 1 } } });
      expect(codes()).to.deep.equal(['HEADGATE_UNKNOWN_UNIT']);
    });
  });

  it('is of the console where the runtime has no process', async () => {
    const log = stub(console, 'warn');
    process_.restore();
    const { emitWarning } = process;
    try {
      Object.defineProperty(process, 'emitWarning', { value: undefined, configurable: true, writable: true });
      const gate = own(headgate({ quotas }));
      await gate.fetch(answer)('https://h/', asked);
      expect(log.firstCall.args[0]).to.match(/^HEADGATE_UNKNOWN_QUOTA: /);
    } finally {
      Object.defineProperty(process, 'emitWarning', {
        value: emitWarning,
        configurable: true,
        writable: true,
      });
      log.restore();
      process_ = stub(process, 'emitWarning');
    }
  });
});
