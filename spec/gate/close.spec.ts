import { expect } from 'chai';
import { headgate } from 'headgate';
import { virtualClock } from 'headgate/testing';
import { failureOf } from '../support/server.ts';

describe('A closed gate', () => {
  const refusal = async () => new Response('', { status: 429, headers: { 'retry-after': '60' } });
  const fault = async () => new Response('', { status: 500 });
  const good = async () => new Response('{}');
  const windows = [{ limit: 1, per: '1h' }] as const;

  for (const [what, answer, quotas] of [
    ['for a pause', refusal, []],
    ['for a backoff', fault, []],
    ['for a window', good, [{ name: 'q', windows }]],
    [
      'for two quotas',
      good,
      [
        { name: 'q', windows },
        { name: 'all', also: true, windows },
      ],
    ],
  ] as const)
    it(`keeps no process alive in which calls waited ${what}`, async () => {
      const clock = virtualClock();
      const gate = headgate(
        { quotas, retry: { deadline: Infinity, backoff: { base: '1m', max: '2m' } } },
        { clock },
      );
      // given calls that wait
      const api = gate.fetch(answer);
      const calls = [1, 2, 3].map(() => failureOf(api('https://api.example.com/')).catch(() => undefined));
      await clock.advance(1000);
      expect(clock.holding).to.be.above(0);
      // when
      await gate.close();
      await Promise.all(calls);
      // then
      expect(clock.holding).to.equal(0);
    });
});
