import { mock } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { type Headgate, headgate } from 'headgate';
import { virtualClock } from 'headgate/testing';
import sinon from 'sinon';

/** How a test fakes time: each moves it on by some ms. */
interface Fake {
  begin(): void;
  tick(ms: number): void;
  end(): void;
}

function byNode(apis: ('setTimeout' | 'Date')[]): Fake {
  return {
    begin: () => mock.timers.enable({ apis }),
    tick: (ms) => mock.timers.tick(ms),
    end: () => mock.timers.reset(),
  };
}

function bySinon(toFake?: ('setTimeout' | 'clearTimeout' | 'Date' | 'performance')[]): Fake {
  let timers: sinon.SinonFakeTimers;
  return {
    begin: () => {
      timers = sinon.useFakeTimers(toFake ? { toFake, now: 1_700_000_000_000 } : { now: 1_700_000_000_000 });
    },
    tick: (ms) => timers.tick(ms),
    end: () => timers.restore(),
  };
}

const fakes: Record<string, Fake> = {
  'node:test, setTimeout alone': byNode(['setTimeout']),
  'node:test, setTimeout and Date': byNode(['setTimeout', 'Date']),
  'sinon, everything': bySinon(),
  'sinon (vitest 2), without performance': bySinon(['setTimeout', 'clearTimeout', 'Date']),
  'sinon, setTimeout alone': bySinon(['setTimeout', 'clearTimeout']),
};

async function turns(): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
}

/** A gate over a function that answers with these statuses in turn, and when each was asked for. */
function served(gate: Headgate, ...answers: { status: number; headers?: Record<string, string> }[]) {
  const asked: number[] = [];
  const send = gate.wrap(async () => ({ headers: {}, ...answers[asked.push(asked.length) - 1] }), {
    request: { method: 'GET', url: 'https://api.example.com/' },
  });
  return { asked, send };
}

describe('Fake timers', () => {
  for (const [name, fake] of Object.entries(fakes)) {
    describe(name, () => {
      let gate: Headgate;

      beforeEach(() => {
        // A gate from before the test began to fake, and in use.
        gate = headgate({ adaptive: false, retry: { backoff: { jitter: 'none', base: '2s', max: '2s' } } });
      });
      afterEach(() => gate.close());

      it('move a gate on: a backoff and a pause of seconds end when they are ticked', async () => {
        const { asked, send } = served(
          gate,
          { status: 503 },
          { status: 429, headers: { 'retry-after': '60' } },
          { status: 200 },
        );
        fake.begin();
        try {
          const call = send();
          await turns();
          expect(asked).to.have.length(1);
          fake.tick(1_900);
          await turns();
          expect(asked, 'not early').to.have.length(1);
          fake.tick(200);
          await turns();
          expect(asked).to.have.length(2);
          fake.tick(59_000);
          await turns();
          expect(asked, 'not early').to.have.length(2);
          for (let more = 0; more < 30 && asked.length < 3; more += 1) {
            fake.tick(100);
            await turns();
          }
          expect(asked).to.have.length(3);
          expect(await call).to.include({ status: 200 });
        } finally {
          fake.end();
        }
      });

      it('end the call at its deadline', async () => {
        const send = gate.wrap(() => new Promise(() => undefined), {
          request: { method: 'GET', url: 'https://api.example.com/', headgate: { deadline: '1h' } },
        });
        fake.begin();
        try {
          const call = send().then(
            () => 'done',
            ({ code }) => code,
          );
          await turns();
          fake.tick(3_600_100);
          expect(await call).to.equal('ERR_HEADGATE_DEADLINE');
        } finally {
          fake.end();
        }
      });

      it('leave time going on, never back, when they begin and end', async () => {
        const at: number[] = [];
        gate.on('attempt', (event) => at.push(event.at));
        const { send } = served(gate, { status: 200 }, { status: 200 }, { status: 200 }, { status: 200 });
        await send();
        fake.begin();
        try {
          await send();
          fake.tick(5_000);
          await send();
        } finally {
          fake.end();
        }
        await send();
        expect(at).to.deep.equal(at.toSorted((a, b) => a - b));
      });
    });
  }

  it('are not what a frozen Date is: waits go on', async () => {
    const RealDate = Date;
    const gate = headgate({ retry: { backoff: { base: 20, max: 20 } } });
    const { asked, send } = served(gate, { status: 503 }, { status: 200 });
    globalThis.Date = class extends RealDate {
      static override now(): number {
        return 0;
      }
    } as DateConstructor;
    try {
      await send();
    } finally {
      globalThis.Date = RealDate;
    }
    expect(asked).to.have.length(2);
    await gate.close();
  });
});

describe('A virtual clock', () => {
  it('moves a gate by hand', async () => {
    const clock = virtualClock();
    const gate = headgate({ adaptive: false }, { clock });
    const { asked, send } = served(gate, { status: 429, headers: { 'retry-after': '30' } }, { status: 200 });
    const call = send();
    await clock.advance(29_999);
    expect(asked).to.have.length(1);
    await clock.runAll();
    expect(await call).to.include({ status: 200 });
    expect(clock.now()).to.be.at.least(Date.UTC(2026, 0, 1) + 30_000);
    await gate.close();
  });

  it('does not pass the deadline of a call whose function still works', async () => {
    const clock = virtualClock();
    const slow = headgate({}, { clock }).wrap(() => delay(20, 'done'), {
      request: { method: 'GET', url: 'https://api.example.com/' },
    });
    const call = slow();
    await clock.runAll();
    expect(await call).to.equal('done');
  });

  it('reads an HTTP-date by its own wall clock', async () => {
    const clock = virtualClock({ now: Date.UTC(2030, 0, 1) });
    const gate = headgate({ adaptive: false }, { clock });
    const { asked, send } = served(
      gate,
      { status: 429, headers: { 'retry-after': 'Tue, 01 Jan 2030 00:01:00 GMT' } },
      { status: 200 },
    );
    const call = send();
    await clock.advance(59_000);
    expect(asked).to.have.length(1);
    await clock.advance(3_000);
    expect(await call).to.include({ status: 200 });
    await gate.close();
  });
});
