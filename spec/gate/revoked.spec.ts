import { expect } from 'chai';
import fc from 'fast-check';
import { type Headgate, type HeadgateOptions, headgate, type Profile } from 'headgate';
import { VirtualClock } from '../support/virtual-clock.ts';

/** An answer: what its head and its body say, and when they come, in ms. */
interface Answer {
  readonly kind: 'good' | 'refused' | 'revoked' | 'silent' | 'revoked silent';
  readonly waitMs: number;
  readonly tookMs: number;
  readonly bodyMs: number;
}

/** An API whose 429s may be none: the body tells. */
const profile: Profile = {
  name: 'revoking',
  quota: () => ({ key: 'q', windows: [] }),
  classify: ({ status = 0, headers, body = '' }) => {
    if (status !== 429) return { verdict: 'success', status };
    if (body.includes('lock')) return { verdict: 'terminal', status, code: 'lock' };
    const named = headers?.['retry-after-ms'];
    if (named === undefined) return { verdict: 'throttled', status };
    return { verdict: 'throttled', status, retryAfterMs: Number(named), retryAfterSource: 'header' };
  },
};

const GOOD: Answer = { kind: 'good', waitMs: 0, tookMs: 10, bodyMs: 0 };

const wait = (clock: VirtualClock, ms: number): Promise<void> =>
  new Promise((resolve) => clock.setTimer(resolve, ms, false));

/** Answers with a head now and with the body later; its stream has fewer turns than one of Node.js. */
function responseOf(clock: VirtualClock, { kind, waitMs, bodyMs }: Answer, read: () => void): object {
  const headers: Record<string, string> =
    kind === 'refused' || kind === 'revoked' ? { 'retry-after-ms': String(waitMs) } : {};
  const chunks = [new TextEncoder().encode(kind.startsWith('revoked') ? 'a lock' : 'too many')];
  const reader = {
    async read() {
      const value = chunks.pop();
      if (value && bodyMs > 0) await wait(clock, bodyMs);
      if (value) read();
      return { done: value === undefined, value };
    },
    cancel: async () => undefined,
  };
  const body = { getReader: () => reader, cancel: async () => undefined };
  const response = { status: kind === 'good' ? 200 : 429, headers, body, clone: () => response };
  return response;
}

interface Stage {
  readonly clock: VirtualClock;
  readonly gate: Headgate;
  readonly sent: number[];
  readonly told: string[];
  /** Spans in which nothing may be sent. */
  readonly closed: { readonly from: number; until: number; readonly kind: string }[];
  call(): Promise<unknown>;
}

function stageOf(answers: readonly Answer[], options: HeadgateOptions = {}): Stage {
  const clock = new VirtualClock();
  const gate = headgate(
    { ...options, profile, retry: { attempts: 3, deadline: Infinity, budget: false } },
    { clock, random: () => 0 },
  );
  const sent: number[] = [];
  const told: string[] = [];
  const closed: Stage['closed'] = [];
  for (const name of ['pause', 'resume', 'learned'] as const) gate.on(name, () => told.push(name));
  const send = async (): Promise<object> => {
    const answer = answers[sent.length] ?? GOOD;
    sent.push(clock.now());
    // Fractions of a ms, so that two things at one moment are cause and effect.
    await wait(clock, answer.tookMs + sent.length / 512);
    if (answer.kind === 'good') return responseOf(clock, answer, () => undefined);
    const span = { from: clock.now(), until: Infinity, kind: answer.kind };
    closed.push(span);
    if (answer.kind === 'refused') span.until = span.from + answer.waitMs;
    return responseOf(clock, answer, () => {
      if (answer.kind !== 'refused') span.until = clock.now();
    });
  };
  const call = gate.wrap(send, { request: { method: 'GET', url: 'https://api.example/x' } });
  return { clock, gate, sent, told, closed, call };
}

const answer: fc.Arbitrary<Answer> = fc.record({
  kind: fc.constantFrom<Answer['kind']>('good', 'good', 'refused', 'revoked', 'silent', 'revoked silent'),
  waitMs: fc.integer({ min: 500, max: 3000 }),
  tookMs: fc.constantFrom(10, 20, 30),
  bodyMs: fc.constantFrom(0, 0, 5, 40, 300),
});

describe('A refusal that its body revokes', () => {
  it('holds its quota until it is read, and never reopens a quota that another refusal closed', async function () {
    this.timeout(60_000);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 30 }),
        fc.array(answer, { minLength: 1, maxLength: 12 }),
        fc.record({ adaptive: fc.boolean() }),
        async (calls, given, options) => {
          const answers = Array<Answer[]>(4).fill(given).flat();
          const { clock, gate, sent, told, closed, call } = stageOf(answers, options);
          const all = Promise.allSettled(Array.from({ length: calls }, call));
          await clock.advance(3_600_000);
          for (const { from, until, kind } of closed) {
            const early = sent.filter((at) => at >= from && at < until);
            expect(early, `${kind}: held from ${from} until ${until}`).to.deep.equal([]);
          }
          await all;
          const count = (name: string): number => told.filter((each) => each === name).length;
          expect(count('resume')).to.be.at.most(count('pause'));
          expect(gate.quotas()[0]?.pausedUntil).to.equal(undefined);
          await gate.close();
        },
      ),
      { numRuns: 150, seed: 5 },
    );
  });

  const revoked: Answer = { kind: 'revoked', waitMs: 60_000, tookMs: 10, bodyMs: 200 };

  it('releases the held attempts once it is read, with a pause and a resume event', async () => {
    const { clock, gate, sent, told, call } = stageOf([revoked], { adaptive: false });
    const first = call();
    await clock.advance(100);
    const start = clock.now();
    const others = Promise.all(Array.from({ length: 39 }, call));
    expect(gate.quotas()[0]?.pausedUntil).to.be.closeTo(start - 90 + 60_000, 1);
    await clock.advance(109.5);
    expect(sent).to.have.length(1);
    await clock.advance(1);
    expect(sent).to.have.length(40);
    expect(told).to.deep.equal(['pause', 'resume']);
    await clock.advance(100);
    await Promise.all([first, others]);
    await gate.close();
  });

  it('emits no pause, and teaches nothing, if its body arrives with its head', async () => {
    const { clock, gate, told, call } = stageOf(
      Array.from({ length: 120 }, (_, n): Answer => (n % 3 === 0 ? { ...revoked, bodyMs: 0 } : GOOD)),
    );
    for (let n = 0; n < 60; n += 1) {
      const all = Promise.all([call(), call()]);
      await clock.advance(50);
      await all;
    }
    expect(told).to.deep.equal([]);
    expect(gate.quotas()[0]?.learned).to.equal(undefined);
    expect(gate.quotas()[0]?.pausedUntil).to.equal(undefined);
    await gate.close();
  });

  it('does not lengthen the wait after a real refusal', async () => {
    const silent: Answer = { kind: 'silent', waitMs: 0, tookMs: 10, bodyMs: 5 };
    const waits: number[] = [];
    for (const before of [0, 5]) {
      const revokedSilent: Answer = { ...silent, kind: 'revoked silent' };
      const { clock, gate, call } = stageOf([...Array<Answer>(before).fill(revokedSilent), silent], {
        adaptive: false,
      });
      gate.on('pause', ({ at, until }) => waits.push(until - at));
      const all = (async () => {
        for (let n = 0; n <= before; n += 1) await call();
      })();
      await clock.advance(10_000);
      await all;
      await gate.close();
    }
    expect(waits).to.have.length(2);
    expect(waits[1]).to.equal(waits[0]);
  });

  it('counts as real if its body takes longer than the wait', async () => {
    const { clock, gate, sent, told, call } = stageOf(
      [{ kind: 'refused', waitMs: 500, tookMs: 10, bodyMs: 1500 }],
      { adaptive: false },
    );
    const all = call();
    await clock.advance(600);
    const next = call();
    await clock.advance(5000);
    await Promise.all([all, next]);
    expect(sent).to.have.length(3);
    expect(told).to.deep.equal(['pause', 'resume']);
    await gate.close();
  });
});
