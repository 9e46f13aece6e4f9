import { expect } from 'chai';
import { type AnyEvent, headgate } from 'headgate';
import { generic } from 'headgate/profiles';
import { endings } from '../support/ending.ts';
import { failureOf } from '../support/server.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

describe('The event call', () => {
  const own = endings();
  const quotas = [{ name: 'q', match: { path: '/p' }, windows: [{ limit: 1, per: '1h' }] }];
  const answer = async () => new Response('{}');

  it('is the first of every call, however it ends, and tells what it asks for', async () => {
    const gate = headgate({ quotas, redact: ['mine'] });
    const events: AnyEvent[] = [];
    for (const name of ['call', 'queued', 'attempt', 'success', 'failure'] as const)
      gate.on(name, (event) => events.push(event as AnyEvent));
    const api = gate.fetch(answer);
    await api('https://h/p?mine=SECRET', { headgate: { priority: 3, deadline: '1m' } });
    expect(events.map(({ type }) => type)).to.deep.equal(['call', 'attempt', 'success']);
    expect(events[0]).to.deep.include({
      attempt: 0,
      method: 'GET',
      url: 'https://h/p?mine=REDACTED',
      quota: 'q',
      priority: 3,
      deadlineMs: 60_000,
    });
    expect(new Set(events.map((event) => ('call' in event ? event.call : '')))).to.have.length(1);
    events.length = 0;
    await failureOf(api('https://h/p'));
    expect(events.map(({ type }) => type)).to.deep.equal(['call', 'failure']);
    events.length = 0;
    await gate.close();
    await failureOf(api('https://h/p'));
    expect(events.map(({ type }) => type)).to.deep.equal(['call', 'failure']);
  });

  it('is told once, however many attempts the call makes, and before it waits', async () => {
    const gate = own(
      headgate({
        retry: { backoff: { base: 1, max: 1 } },
        quotas: [{ name: 'q', concurrency: 1 }],
      }),
    );
    const events: AnyEvent[] = [];
    for (const name of ['call', 'queued'] as const) gate.on(name, (event) => events.push(event as AnyEvent));
    let n = 0;
    const api = gate.fetch(async () => new Response('{}', { status: n++ < 2 ? 503 : 200 }));
    await Promise.all([api('https://h/'), api('https://h/')]);
    const calls = events.filter(({ type }) => type === 'call').map((event) => 'call' in event && event.call);
    expect(new Set(calls)).to.have.length(2);
    expect(calls).to.have.length(2);
    const queued = events.findIndex(({ type }) => type === 'queued');
    expect(queued).to.be.greaterThan(0);
    expect(events[queued - 1]).to.include({ type: 'call' });
  });

  it('costs nothing when nobody listens', async () => {
    let asked = 0;
    const profile = { ...generic(), quota: () => ({ key: `k${++asked}`, windows: [] }) };
    const gate = own(headgate({ profile }));
    await gate.fetch(answer)('https://h/');
    expect(asked).to.equal(1);
  });
});

describe('The events pause and resume', () => {
  const own = endings();
  it('name the moment of reopening until', async () => {
    const gate = own(headgate());
    const events: AnyEvent[] = [];
    for (const name of ['pause', 'resume'] as const) gate.on(name, (event) => events.push(event as AnyEvent));
    let n = 0;
    const refused = { status: 429, headers: { 'retry-after-ms': '5' } };
    await gate.fetch(async () => new Response('{}', n++ === 0 ? refused : {}))('https://h/');
    expect(events.map(({ type }) => type)).to.deep.equal(['pause', 'resume']);
    for (const event of events as { until: number; untilMs: number; at: number }[]) {
      expect(event.until).to.equal(event.untilMs).and.to.be.closeTo(event.at, 1000);
    }
  });

  /** Each request is refused once with its own wait, as long after its sending as its place among them says. */
  async function refusals(waits: readonly number[], spreadMs: number): Promise<string[]> {
    const clock = new VirtualClock();
    const gate = own(
      headgate({ adaptive: false, retry: { deadline: Infinity } }, { clock, random: () => 0 }),
    );
    const events: string[] = [];
    for (const name of ['pause', 'resume'] as const)
      gate.on(name, ({ quota, until }) => events.push(`${name} ${quota} ${Math.round(until - startedAt)}`));
    const startedAt = clock.now();
    const api = gate.fetch(async (input) => {
      const index = Number(new URL(String(input)).pathname.slice(1));
      const waitMs = waits[index];
      if (waitMs === undefined || clock.now() - startedAt > 2 * spreadMs) return new Response('{}');
      await new Promise((resolve) =>
        clock.setTimer(() => resolve(undefined), (spreadMs * index) / waits.length, true),
      );
      return new Response('{}', { status: 429, headers: { 'retry-after-ms': String(waitMs) } });
    });
    const all = Promise.all(waits.map((_, index) => api(`https://h/${index}`)));
    await clock.advance(1_000_000);
    await all;
    return events;
  }

  it('are told once for one closing, however many attempts it refuses', async () => {
    const events = await refusals(Array<number>(40).fill(4000), 400);
    expect(events).to.deep.equal(['pause https://h 4000', 'resume https://h 4390']);
  });

  it('tell again that it closed where it is closed for notably longer', async () => {
    const events = await refusals([1000, 60_000, 60_000, 1000], 400);
    expect(events).to.deep.equal(['pause https://h 1000', 'pause https://h 60100', 'resume https://h 60200']);
  });
});

describe('The errors of a gate', () => {
  it('name method, URL and quota, each those of its own call', async () => {
    const gate = headgate({ maxQueue: 200, quotas: [{ name: 'mde', windows: [{ limit: 1, per: '1h' }] }] });
    const api = gate.fetch(answer);
    const calls = Array.from({ length: 250 }, (_, i) =>
      api(`https://h/p${i}?token=SECRET`, { method: 'POST', headgate: { deadline: Infinity } }),
    );
    const late = await failureOf(api('https://h/late', { headgate: { deadline: '1m' } }));
    expect(late.message).to.match(
      /^GET https:\/\/h\/late \(quota 'mde'\): the call cannot end within its deadline/,
    );
    const closing = gate.close();
    const settled = await Promise.allSettled(calls);
    await closing;
    const seen = new Set<string>();
    for (const [index, result] of settled.entries()) {
      if (result.status === 'fulfilled') continue;
      const { message, stack, headgate: report } = result.reason;
      expect(message).to.include(`POST https://h/p${index}?token=REDACTED (quota 'mde'): the gate`);
      expect(stack).to.include(message);
      expect(report).to.include({ method: 'POST', url: `https://h/p${index}?token=REDACTED`, quota: 'mde' });
      seen.add(report.call);
    }
    expect(seen.size).to.be.greaterThan(240);
  });

  async function answer(): Promise<Response> {
    return new Response('{}');
  }
});
