import { expect } from 'chai';
import { headgate, OutageError, WaitError } from 'headgate';
import { delaying, limiting } from '../../examples/jobs/bullmq.ts';
import { hiding } from '../../examples/jobs/sqs.ts';
import { retriedLater } from '../../examples/jobs/temporal.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const HOUR_MS = 3_600_000;

class Thrown extends Error {}

/** Each adapter around some work, and what it handed to its job system, in ms from now. */
const adapters: Record<
  string,
  (work: () => Promise<unknown>, now: number) => [() => Promise<unknown>, number[]]
> = {
  'BullMQ, one job': (work, now) => {
    const handed: number[] = [];
    const moveToDelayed = async (at: number): Promise<void> => void handed.push(at - now);
    return [() => delaying(work, Thrown)({ moveToDelayed }), handed];
  },
  'BullMQ, a queue': (work) => {
    const handed: number[] = [];
    const rateLimit = async (ms: number): Promise<void> => void handed.push(ms);
    return [() => limiting(work, { rateLimit }, Thrown)({}), handed];
  },
  Temporal: (work) => {
    const handed: number[] = [];
    const create = ({ nextRetryDelay }: { nextRetryDelay: number }): Error => {
      handed.push(nextRetryDelay);
      return new Thrown();
    };
    return [() => retriedLater(work, { create })(), handed];
  },
  SQS: (work) => {
    const handed: number[] = [];
    const hide = async (_message: object, seconds: number): Promise<void> => void handed.push(seconds * 1000);
    const handle = hiding(work, { hide, remove: async () => undefined });
    return [
      async () => {
        if (!(await handle({}))) throw new Thrown();
        return 'done';
      },
      handed,
    ];
  },
};

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('Job adapters', () => {
  for (const [name, adapter] of Object.entries(adapters)) {
    it(`hand over the waits that a gate does not make, and nothing else: ${name}`, async () => {
      // given a quota of one call an hour, used up
      const clock = new VirtualClock();
      const gate = headgate(
        {
          retry: { inline: '5s' },
          quotas: [{ name: 'hourly', match: {}, windows: [{ limit: 1, per: '1h' }] }],
        },
        { clock },
      );
      const call = gate.wrap(async () => 'done', { request: { method: 'GET', url: 'http://api.example/' } });
      const [work, handed] = adapter(call, clock.wall());

      // when one job has its turn, one not, and one finds its wait inside an SDK's error
      expect(await work()).to.equal('done');
      expect(await errorOf(work())).to.be.instanceOf(Thrown);
      expect(handed[0]).to.be.within(HOUR_MS, HOUR_MS + 1000);
      const sdk = adapter(
        () => call().catch((cause) => Promise.reject(new Error('SDK', { cause }))),
        clock.wall(),
      );
      expect(await errorOf(sdk[0]())).to.be.instanceOf(Thrown);
      expect(sdk[1]).to.deep.equal(handed);

      // then the job that is run again after that wait is done at once
      await clock.advance(handed[0] as number);
      expect(await work()).to.equal('done');
      expect(handed).to.have.lengthOf(1);
      await gate.close();
    });

    it(`hand over an outage, and leave other errors as they are: ${name}`, async () => {
      const [work, handed] = adapter(() => Promise.reject(new OutageError(1500, 500, 'q')), 1000);
      expect(await errorOf(work())).to.be.instanceOf(Thrown);
      expect(handed[0]).to.be.within(500, 1000);
      const mine = new TypeError('mine', { cause: new Error('deeper') });
      const [other, nothing] = adapter(() => Promise.reject(mine), 1000);
      expect(await errorOf(other())).to.equal(mine);
      expect(nothing).to.deep.equal([]);
    });
  }

  it('hide a message no longer than SQS can', async () => {
    const hidden: number[] = [];
    const work = (): Promise<never> => Promise.reject(new WaitError(1e9, 24 * HOUR_MS, 'q'));
    const hide = async (_message: object, seconds: number): Promise<void> => void hidden.push(seconds);
    await hiding(work, { hide, remove: async () => undefined })({});
    expect(hidden[0]).to.be.within(43_000, 43_199);
  });
});
