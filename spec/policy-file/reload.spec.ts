import { expect } from 'chai';
import { type AnyEvent, type HeadgateOptions, headgate } from 'headgate';
import type { PolicyFollower, PolicySource } from '../../lib/options/types.ts';
import { endings } from '../support/ending.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A policy that a test changes. */
class Source implements PolicySource {
  readonly source = 'policy.json';
  options: HeadgateOptions;
  readonly #followers = new Set<PolicyFollower>();

  constructor(options: HeadgateOptions) {
    this.options = options;
  }

  follow(follower: PolicyFollower): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  change(options: HeadgateOptions): void {
    this.options = options;
    for (const { applied } of this.#followers) applied(options);
  }
}

const PER_MS = 1000;
const LATENCY_MS = 20;
const policy = (limit: number): HeadgateOptions => ({
  quotas: [{ name: 'q', match: {}, windows: [{ limit, per: PER_MS }] }],
});

describe('A policy that changes at 500 requests a second', () => {
  const own = endings();

  for (const [what, before, after] of [
    ['to less', 600, 200],
    ['to more', 100, 600],
    ['to much less', 600, 20],
  ] as const)
    it(`${what}, is applied to the next attempt, loses no call and exceeds neither limit`, async () => {
      const clock = new VirtualClock();
      const source = new Source(policy(before));
      const gate = own(
        headgate({ policy: source, adaptive: false, retry: { deadline: Infinity } }, { clock }),
      );
      const told: AnyEvent[] = [];
      gate.on('policy', (event) => told.push(event));
      const sent: number[] = [];
      const fetch = gate.fetch(async () => {
        sent.push(clock.now());
        await new Promise<void>((resolve) => clock.setTimer(resolve, LATENCY_MS, false));
        return new Response('{}');
      });
      const calls: Promise<Response>[] = [];
      let changedAt = 0;
      // when 500 calls begin in each of 4 seconds, and the policy changes after 2
      for (let ms = 0; ms < 4000; ms += 2) {
        calls.push(fetch('https://api.example.com/'));
        if (ms === 2000) {
          changedAt = clock.now();
          source.change(policy(after));
        }
        await clock.advance(2);
      }
      for (let i = 0; i < 400 && sent.length < calls.length; i += 1) await clock.advance(PER_MS);
      await clock.advance(LATENCY_MS);
      // then
      const answers = await Promise.all(calls);
      expect(answers.filter(({ status }) => status === 200)).to.have.length(2000);
      expect(told.map((event) => ('state' in event ? event.state : ''))).to.deep.equal(['applied']);
      const most = (limit: number, from: number, to: number): void => {
        const some = sent.filter((at) => at >= from && at < to);
        for (const [i, at] of some.entries()) {
          const last = some[i + limit];
          if (last !== undefined)
            expect(last - at, `${limit + 1} from ${at - changedAt}`).to.be.at.least(PER_MS);
        }
      };
      most(Math.max(before, after), 0, Infinity);
      most(before, 0, changedAt);
      // The new limit holds from the moment of the change on, those before it counted in.
      most(after, changedAt, Infinity);
      const soon = sent.filter((at) => at >= changedAt && at < changedAt + PER_MS).length;
      const counted = sent.filter((at) => at > changedAt - PER_MS && at < changedAt).length;
      if (after < before) expect(soon).to.be.at.most(after);
      else expect(soon).to.be.at.least(after - counted);
    });
});
