import { Writable } from 'node:stream';
import { expect } from 'chai';
import { headgate, OptionsError } from 'headgate';
import { virtualClock } from 'headgate/testing';
import { watch } from 'headgate/watch';
import { namesOf } from '../../lib/report/names.ts';
import { batchRow, etaMs, rowsOf } from '../../lib/report/rows.ts';
import { Tally } from '../../lib/report/tally.ts';
import { endings } from '../support/ending.ts';

const bar = (share: number): string => `[${Math.round(share * 100)}]`;
const quota = (over: object = {}) => ({
  key: 'q',
  windows: [{ limit: 100, per: 60_000, used: 40 }],
  inFlight: 0,
  queued: 10,
  ...over,
});

/** A stream that keeps what is written to it. */
function memory(terminal: boolean): NodeJS.WriteStream & { readonly text: string } {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  Object.defineProperty(stream, 'text', { get: () => chunks.join('') });
  return Object.assign(stream, { isTTY: terminal, columns: 120, rows: 10 }) as never;
}

describe('The time left', () => {
  const perCall = (key: string, calls: number): number => calls * (key === 'slow' ? 1000 : 10);

  it('is that of what waits, where all calls of the batch are made', () => {
    expect(etaMs(60, [quota({ queued: 50, inFlight: 10 })], (_, calls) => 5000 + calls)).to.equal(5000);
    expect(etaMs(3, [quota({ queued: 0, inFlight: 3 })], () => 5000)).to.equal(0);
  });

  it('is that of the slowest quota, each with its share of the calls to come', () => {
    expect(etaMs(80, [quota({ queued: 10 }), quota({ key: 'slow', queued: 30 })], perCall)).to.equal(30_000);
    expect(etaMs(8, [quota({ queued: 0 }), quota({ key: 'slow', queued: 0 })], perCall)).to.equal(4000);
  });
});

describe('A row', () => {
  it('shows the tightest window, the queue, the pause and an outage', () => {
    const tight = { limit: 10, per: 1000, used: 9 };
    const learned = { windows: [], outage: true };
    const [row] = rowsOf(
      [quota({ windows: [quota().windows[0], tight], pausedUntil: 3500, learned, inFlight: 2 })],
      new Tally(),
      1000,
      5,
      bar,
    );
    expect(row).to.equal('q  [90] 9/10 per 1 s  10 queued  2 in flight  closed for 2.5 s  outage  0.0/s');
  });

  it('stands for the busiest quotas; the others are counted', () => {
    const quotas = [1, 5, 3].map((queued) => quota({ key: `q${queued}`, queued }));
    const rows = rowsOf(quotas, new Tally(), 0, 2, bar);
    expect(rows.map((row) => row.slice(0, 5).trim())).to.deep.equal(
      ['q5  [', 'q3  [', 'and 1'].map((row) => row.slice(0, 5).trim()),
    );
  });

  it('is none for a quota that nothing used since the view began', () => {
    const idle = quota({ queued: 0 });
    const tally = new Tally();
    expect(rowsOf([idle], tally, 0, 5, bar)).to.deep.equal(['and 1 quieter quota']);
    tally.hear({ type: 'attempt', at: 0, quota: 'q' } as never);
    expect(rowsOf([idle], tally, 0, 5, bar)).to.have.length(1);
    expect(rowsOf([idle], tally, 0, 5, bar)[0]).to.match(/^q /);
  });

  it('fits a narrow terminal: rates go first, then bars, and the name last', () => {
    const closed = quota({ key: 'GET /api/machines/{id}/alerts', pausedUntil: 2500, inFlight: 2 });
    const at = (columns: number): string => rowsOf([closed], new Tally(), 0, 5, bar, columns)[0] as string;
    expect(at(80)).to.match(
      /^…\/api\/machines\/\{id\}\/alerts {2}\[40\] 40\/100 per 1 min {2}10 queued {2}closed for 2\.5 s$/,
    );
    expect(at(70)).to.match(/^…\S+\/alerts {2}40\/100 per 1 min {2}10 queued {2}closed for 2\.5 s$/);
    for (const columns of [20, 40, 60, 80, 100]) expect(at(columns)).to.have.length.at.most(columns);
    expect(batchRow({ calls: 9, ended: 2 }, 0, 0, bar, 12)).to.equal('2/9 calls');
  });

  it('of a batch says what is left', () => {
    expect(batchRow({ calls: 100, ended: 25 }, 2, 60_000, bar)).to.equal(
      '[25] 25/100 calls  2 failed  at least 1 min left',
    );
  });
});

describe('The names of quotas', () => {
  const own = 'defender/api.example.com/contoso';

  it('leave out whose they are, where all are of one owner or of a part of it', () => {
    const keys = [`${own}/app GET /api/machines`, `${own} POST /api/run`, 'mine', 'POST /v1/chat'];
    expect([...namesOf(keys).values()]).to.deep.equal([
      'GET /api/machines',
      'POST /api/run',
      'mine',
      'POST /v1/chat',
    ]);
  });

  for (const [what, keys] of [
    ['of several owners', [`${own} GET /a`, 'defender/eu.example.com/contoso GET /b']],
    ['that would be the same', [`${own} GET /a`, `${own}/app GET /a`]],
    ['of origins and declared names', ['https://api.example.com', 'search api', 'GET /a/{id}']],
  ] as const)
    it(`${what} are their keys`, () => {
      expect([...namesOf(keys).values()]).to.deep.equal(keys);
    });

  it('show their ends when a row is too short for them', () => {
    const key = `${'x'.repeat(60)}/the-end`;
    expect(rowsOf([quota({ key })], new Tally(), 0, 5, bar)[0]).to.match(/^…x{31}\/the-end {2}\[/);
  });
});

describe('The terminal view', () => {
  const own = endings();
  const answer = async () => new Response('{}');

  for (const terminal of [true, false])
    it(`draws while calls wait, and once more at its end (${terminal ? 'terminal' : 'plain'})`, async () => {
      const clock = virtualClock();
      const quotas = [{ name: 'mine', match: {}, windows: [{ limit: 2, per: '1m' }] }];
      const gate = own(headgate({ quotas }, { clock }));
      const stream = memory(terminal);
      // given two calls that go, and one that waits a minute
      const view = watch(gate, { stream, clock, calls: 3 });
      const api = gate.fetch(answer);
      const all = Promise.all([1, 2, 3].map(() => api('https://api.example.com/')));
      await clock.advance(10_500);
      expect(stream.text).to.match(/mine .*2\/2 per 1 min {2}1 queued/);
      expect(stream.text).to.match(/2\/3 calls {2}at least (?:50|49\.\d) s left/);
      view.log('a line of its own');
      await clock.advance(60_000);
      await all;
      view.stop();
      expect(stream.text).to.include('a line of its own\n');
      expect(stream.text).to.include('3/3 calls');
      expect(stream.text.includes('\u001b['), 'escapes').to.equal(terminal);
      // then it is over
      const { length } = stream.text;
      await api('https://api.example.com/');
      await clock.advance(60_000);
      view.stop();
      expect(stream.text).to.have.length(length);
    });

  it('refuses options that make no sense', () => {
    for (const options of [{ every: 0 }, { every: 'often' }, { calls: 0 }])
      expect(() => watch(own(headgate()), options as never)).to.throw(OptionsError);
  });
});
