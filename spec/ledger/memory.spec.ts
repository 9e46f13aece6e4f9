import { expect } from 'chai';
import { type Headgate, headgate, memory, type QuotaOptions } from 'headgate';
import type { CallContext } from '../../lib/call/context.ts';
import { Permit } from '../../lib/gate/permit.ts';
import type { Ledger } from '../../lib/ledger/ledger.ts';
import { QueueFullError } from '../../lib/words/errors.ts';
import { worst } from '../support/fleet.ts';
import { ask, permitOf } from '../support/gates.ts';
import { names, record, sleep } from '../support/server.ts';

const request = { method: 'GET', url: 'http://localhost/' };

const quotaOf = (limit: number, per: number): QuotaOptions => ({
  name: 'shared',
  match: {},
  windows: [{ limit, per }],
});

/** A gate, and a call through it that notes when it was sent. */
function sender(
  ledger: Ledger,
  quotas: QuotaOptions[],
  sent: number[],
  took = 1,
): [Headgate, () => Promise<void>] {
  const gate = headgate({ ledger, quotas, adaptive: false });
  const run = gate.wrap(
    async () => {
      sent.push(performance.now());
      await sleep(took);
    },
    { request },
  );
  return [gate, run as () => Promise<void>];
}

const all = (count: number, run: () => Promise<void>): Promise<void>[] =>
  Array.from({ length: count }, () => run());

describe('Gates on one ledger in memory', () => {
  const gates: Headgate[] = [];
  const make = (...args: Parameters<typeof sender>): (() => Promise<void>) => {
    const [gate, run] = sender(...args);
    gates.push(gate);
    return run;
  };

  afterEach(async () => {
    await Promise.all(gates.splice(0).map((gate) => gate.close()));
  });

  for (const count of [2, 3]) {
    it(`keep the limit together: ${count} of them`, async () => {
      const ledger = memory();
      const sent: number[] = [];
      const runs = Array.from({ length: count }, () => make(ledger, [quotaOf(20, 300)], sent));
      await Promise.all(runs.flatMap((run) => all(60 / count, run)));
      expect(sent).to.have.length(60);
      expect(worst(sent, 300)).to.be.at.most(20);
    });
  }

  it('keep it when the second comes while the first has used all of it', async () => {
    const ledger = memory();
    const sent: number[] = [];
    const first = make(ledger, [quotaOf(10, 400)], sent);
    await Promise.all(all(10, first));
    const second = make(ledger, [quotaOf(10, 400)], sent);
    await Promise.all(all(5, second));
    expect(worst(sent, 400)).to.be.at.most(10);
  });

  it('keep it when the first is closed with permits in use, and the second gets all of it afterwards', async () => {
    const ledger = memory();
    const sent: number[] = [];
    const [gate, first] = sender(ledger, [quotaOf(10, 300)], sent);
    await Promise.all(all(10, first));
    await gate.close();
    const second = make(ledger, [quotaOf(10, 300)], sent);
    await Promise.all(all(20, second));
    expect(worst(sent, 300)).to.be.at.most(10);
  });

  it('leave what the others do not use to one of them', async () => {
    const ledger = memory();
    const quotas = [quotaOf(21, 60_000)];
    const first = make(ledger, quotas, []);
    await first();
    const second = make(ledger, quotas, []);
    await Promise.all(all(20, second));
  });

  it('close for each other: a 429 of one pauses all, those that meet the quota later too', async () => {
    const ledger = memory();
    const sent: number[] = [];
    const refused = headgate({ ledger, quotas: [quotaOf(20, 300)], retry: { attempts: 1 } });
    const other = headgate({ ledger, quotas: [quotaOf(20, 300)] });
    gates.push(refused, other);
    const events = record(other);
    const send = (gate: Headgate): Promise<unknown> =>
      gate.wrap(
        async () => {
          sent.push(performance.now());
        },
        { request },
      )();
    await send(other);
    const from = performance.now();
    await refused
      .wrap(async () => new Response('', { status: 429, headers: { 'retry-after-ms': '300' } }), {
        request,
      })()
      .catch(() => undefined);
    expect(names(events)).to.include('pause');
    expect(refused.quotas()[0]?.pausedUntil).to.be.closeTo(other.quotas()[0]?.pausedUntil ?? 0, 100);
    const late = headgate({ ledger, quotas: [quotaOf(20, 300)] });
    gates.push(late);
    await Promise.all([send(other), send(late)]);
    for (const at of sent.slice(1)) expect(at - from).to.be.at.least(299);
  });

  it('a pause outlives the gate that was told of it', async () => {
    const ledger = memory();
    const first = headgate({ ledger, quotas: [quotaOf(20, 300)], retry: { attempts: 1 } });
    await first
      .wrap(async () => new Response('', { status: 429, headers: { 'retry-after': '60' } }), { request })()
      .catch(() => undefined);
    await first.close();
    const second = headgate({ ledger, quotas: [quotaOf(20, 300)], retry: { deadline: '1s' } });
    gates.push(second);
    const error = await second
      .wrap(async () => 'sent', { request })()
      .catch((thrown: Error) => thrown);
    expect(error).to.include({ code: 'ERR_HEADGATE_DEADLINE' });
  });

  it('gates with a ledger each have nothing in common', async () => {
    const sent: number[] = [];
    const runs = [0, 1].map(() => make(memory(), [quotaOf(10, 60_000)], sent));
    await Promise.all(runs.flatMap((run) => all(10, run)));
    expect(sent).to.have.length(20);
  });

  it('what closed gates took from the ledger is all back', async () => {
    const ledger = memory();
    const quotas = [quotaOf(10, 100)];
    const [a, first] = sender(ledger, quotas, []);
    const [b, second] = sender(ledger, quotas, []);
    await Promise.all([...all(30, first), ...all(30, second)]);
    await Promise.all([a.close(), b.close()]);
    const third = headgate({ ledger, quotas, adaptive: false });
    gates.push(third);
    let sent = 0;
    const together = Promise.withResolvers<void>();
    const run = third.wrap(
      () => {
        sent += 1;
        if (sent === 10) together.resolve();
        return together.promise;
      },
      { request },
    );
    await Promise.all(Array.from({ length: 10 }, () => run()));
  });
});

describe('A burst that fits', () => {
  for (const maxQueue of [0, 1, 3]) {
    it(`is admitted whole with maxQueue ${maxQueue}, and nothing beyond it`, async () => {
      const gate = headgate({
        quotas: [
          {
            match: {},
            windows: [
              { limit: 5, per: '1m' },
              { limit: 100, per: '1h' },
            ],
          },
        ],
        maxQueue,
        retry: { deadline: '10m' },
      });
      let sent = 0;
      const run = gate.wrap(
        async () => {
          sent += 1;
        },
        { request },
      );
      const ended = await Promise.allSettled(
        Array.from({ length: 5 + maxQueue + 2 }, () =>
          Promise.race([run(), sleep(50).then(() => 'waiting')]),
        ),
      );
      expect(sent).to.equal(5);
      const refused = ended.filter((each) => each.status === 'rejected');
      expect(refused.map((each) => each.reason instanceof QueueFullError)).to.deep.equal([true, true]);
      await gate.close();
    });
  }

  it('is admitted by a ledger that others share as well, though its answer has to be waited for', async () => {
    const ledger = memory();
    const quotas = [quotaOf(20, 60_000)];
    const first = headgate({ ledger, quotas, maxQueue: 0 });
    const second = headgate({ ledger, quotas, maxQueue: 0 });
    const run = (gate: Headgate): Promise<string> => gate.wrap(async () => 'sent', { request })();
    await run(first);
    expect(await Promise.all(Array.from({ length: 9 }, () => run(second)))).to.deep.equal(
      Array(9).fill('sent'),
    );
    await first.close();
    await second.close();
  });

  it('a whole window of one process is granted synchronously', () => {
    const gate = headgate({ quotas: [{ match: {}, windows: [{ limit: 3, per: '1m' }] }] });
    const quota = (gate as unknown as CallContext).passageOf(
      { method: 'GET', url: new URL(request.url) },
      undefined,
    ).gates[0];
    expect([1, 2, 3].map(() => quota.acquire(ask()) instanceof Permit)).to.deep.equal([true, true, true]);
    const place = quota.acquire(ask());
    expect(place).not.to.be.instanceOf(Permit);
    permitOf(place).catch(() => undefined);
    void gate.close();
  });
});
