import { expect } from 'chai';
import { headgate, OptionsError } from 'headgate';
import { virtualClock } from 'headgate/testing';
import { record } from '../support/server.ts';
import { settled } from '../support/virtual-clock.ts';

const request = { method: 'GET', url: 'https://api.example.com/' };

describe('Signing', () => {
  it('while the quota closes sends nothing before it reopens, and then with a new signature', async () => {
    const clock = virtualClock();
    const signing: ((headers: object) => void)[] = [];
    const sign = (): Promise<never> => new Promise((resolve) => signing.push(resolve as never));
    const gate = headgate({ adaptive: false, sign }, { clock, random: () => 0 });
    const sent: { at: number; signature: string | undefined }[] = [];
    const send = gate.wrap(
      async ({ headers }) => {
        const n = sent.push({ at: clock.now(), signature: headers['x-signature'] });
        return n === 1 ? { status: 429, headers: { 'retry-after': '30' } } : { status: 200, headers: {} };
      },
      { request, withContext: true },
    );
    const [first, second] = [send(), send()];
    await settled();
    expect(signing).to.have.length(2);
    signing[0]?.({ 'x-signature': 'a' });
    await settled();
    expect(sent).to.have.length(1);
    signing[1]?.({ 'x-signature': 'stale' });
    await clock.advance(29_999);
    expect(sent).to.have.length(1);
    for (let more = 0; more < 20 && sent.length < 3; more += 1) {
      await clock.advance(1000);
      signing.forEach((resolve, n) => {
        resolve({ 'x-signature': `new ${n}` });
      });
      await settled();
    }
    await Promise.all([first, second]);
    expect(sent.map(({ signature }) => signature)).not.to.include('stale');
    expect(gate.quotas()[0]).to.include({ inFlight: 0, queued: 0 });
    await gate.close();
  });

  it('causes no wait if it returns its headers at once, and shows them nowhere', async () => {
    const gate = headgate({ sign: () => ({ 'x-signature': 'secret' }) });
    const events = record(gate);
    let sent = false;
    const send = gate.wrap(
      async ({ headers }) => {
        sent = headers['x-signature'] === 'secret';
        throw Object.assign(new Error('no'), { status: 400, headers: {} });
      },
      { request, withContext: true },
    );
    const call = send().catch((error) => error);
    expect(sent, 'sent synchronously').to.equal(true);
    const error = await call;
    expect(JSON.stringify([events, error, error.headgate])).not.to.include('secret');
    await gate.close();
  });

  it('accepts only a function', () => {
    expect(() => headgate({ sign: 'key' as never })).to.throw(OptionsError, "Option 'sign'");
  });

  it('warns if a dispatcher for any host has no profile that names the API’s own hosts', async () => {
    const gate = headgate({ sign: () => ({}) });
    const events = record(gate);
    gate.undici();
    expect(events).to.have.length(1);
    expect(events[0]).to.include({ type: 'warning', code: 'token-withheld' });
    await gate.close();
  });
});
