import { expect } from 'chai';
import got from 'got';
import { type Headgate, headgate } from 'headgate';
import { defender, defenderErrorCodes } from 'headgate/profiles';
import { type Simulator, simulate } from 'headgate/simulator';
import { failureOf, names, record } from '../support/server.ts';

const TARGET = '4d1f3c1e-0c2b-4b43-9d0a-0f4f4f0e7c11';

describe('Each documented code of Defender, through got, from a real server', function () {
  // A quota held for 50 ms while a body is read is reported as paused, which a busy machine may cause.
  this.retries(2);
  let sim: Simulator;
  let gate: Headgate;

  beforeEach(async () => {
    sim = await simulate({ auth: false });
    gate = headgate({
      profile: defender({ tenant: 'contoso.com', app: 'app' }),
      retry: { attempts: 3, backoff: { base: 5, max: 10 } },
    });
  });
  afterEach(async () => {
    await gate.close();
    await sim.close();
  });

  it('is one of twenty', () => {
    expect(defenderErrorCodes.filter(({ documented }) => documented)).to.have.length(20);
  });

  for (const { code, verdict } of defenderErrorCodes) {
    it(`${code} is ${verdict}`, async () => {
      const events = record(gate);
      const trouble = { code, target: TARGET, headers: { 'retry-after-ms': '200' } };
      sim.script({ path: '/api/alerts' }, trouble, trouble, ...(verdict === 'throttled' ? [] : [trouble]));
      const call = gate.got(got)(`${sim.url}/api/alerts`);

      if (verdict === 'throttled') {
        await call;
        expect(sim.log.map(({ status }) => status)).to.deep.equal([429, 429, 200]);
        const throttled = ['attempt', 'pause', 'retry', 'queued', 'resume'];
        expect(names(events)).to.deep.equal([...throttled, ...throttled, 'attempt', 'success']);
        expect(events.filter(({ type }) => type === 'retry')).to.have.nested.property(
          '[0].correlationId',
          TARGET,
        );
        return;
      }
      const error = await failureOf(call);
      const attempts = verdict === 'transient' ? 3 : 1;
      expect(error.name).to.equal('HTTPError');
      expect(error.headgate).to.include({ verdict, correlationId: TARGET });
      expect(error.headgate.hint).to.be.a('string').and.not.equal('');
      expect(error.headgate.attempts).to.have.length(attempts);
      expect(sim.log).to.have.length(attempts);
      const before = verdict === 'transient' ? ['attempt', 'retry', 'attempt', 'retry'] : [];
      expect(names(events)).to.deep.equal([...before, 'attempt', 'failure']);
      expect(events.at(-1)).to.include({ code, correlationId: TARGET });
    });
  }

  it('is read whatever the responseType, and from a stream', async () => {
    for (const responseType of ['text', 'json', 'buffer'] as const) {
      sim.script({}, { code: 'InvalidInput', target: TARGET });
      const error = await failureOf(
        gate.got(got)(`${sim.url}/api/alerts`, { responseType }) as Promise<unknown>,
      );
      expect(error.headgate.correlationId).to.equal(TARGET);
    }
    sim.script({}, { code: 'InvalidInput', target: TARGET });
    const stream = gate.got(got).stream(`${sim.url}/api/alerts`);
    const error = await new Promise<{ headgate?: object }>((resolve) => stream.once('error', resolve));
    expect(error.headgate).to.include({ verdict: 'terminal', correlationId: TARGET });
  });

  it('hidden in HTML, cut off, or broken leaves a safe verdict', async () => {
    const bodies = ['<html><body>Bad gateway</body></html>', '', '{"error":', '[]', '{"error":{"code":7}}'];
    for (const body of bodies) {
      sim.script({}, { status: 403, body });
      const error = await failureOf(gate.got(got)(`${sim.url}/api/alerts`));
      expect(error.headgate).to.include({ verdict: 'terminal', reason: 'terminal' });
    }
  });

  it('makes the wait in its message count when no header gives one', async () => {
    sim.script(
      { path: '/api/alerts' },
      { code: '429', message: 'API calls quota exceeded! You can send requests again in 1 seconds.' },
    );
    await gate.got(got)(`${sim.url}/api/alerts`);
    const [first, second] = sim.log;
    expect((second?.at ?? 0) - (first?.at ?? 0)).to.be.at.least(1000);
  });

  it('names the parameter that was sent in the wrong case', async () => {
    const machine = `${sim.url}/api/machines/${'1'.padStart(40, '0')}/isolate`;
    const error = await failureOf(
      gate.got(got).post(machine, { json: { comment: 'x', IsolationType: 'Full' } }),
    );
    expect(error.headgate.hint).to.include('`comment` should be `Comment`');
  });

  it('comes with one warning that advanced hunting is being retired, and what replaces it', async () => {
    const events = record(gate);
    for (let hunt = 0; hunt < 2; hunt += 1) {
      await gate.got(got).post(`${sim.url}/api/advancedqueries/run`, { json: { Query: 'x' } });
    }
    const warnings = events.filter(({ type }) => type === 'warning');
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.include({ code: 'deprecated-endpoint' });
    expect(warnings[0]).to.have.property('message').that.includes('runHuntingQuery');
  });
});
