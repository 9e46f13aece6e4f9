import diagnostics from 'node:diagnostics_channel';
import { expect } from 'chai';
import { headgate } from 'headgate';
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
    expect(process_.firstCall.args[0]).to.match(
      /'Mine', which is not declared.*Did you mean 'mine'.*gate 'g'/,
    );
    expect(process_.secondCall.args[0]).to.match(/'other'.*Declared quotas: 'mine'/);
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
