import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { headgate, OptionsError } from 'headgate';
import { readRecord, record } from 'headgate/report';
import { virtualClock } from 'headgate/testing';
import { RecordSum } from '../../lib/report/record.ts';
import { endings } from '../support/ending.ts';
import { failureOf } from '../support/server.ts';
import { eventsOfOneCall, START } from './scene.ts';

const answers =
  (...statuses: number[]) =>
  async () =>
    new Response('{"error":{"code":"Busy"}}', {
      status: statuses.shift() ?? 200,
      headers: { 'retry-after': '2', 'request-id': 'id-1' },
    });

describe('A record', () => {
  const own = endings();
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'headgate-record-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('holds each call with its attempts, each pause, and the use of the quotas', async () => {
    const clock = virtualClock();
    const quotas = [{ name: 'q', match: {}, windows: [{ limit: 10, per: '1m' }] }];
    const gate = own(headgate({ quotas, name: 'mine' }, { clock }));
    const recording = record(gate);
    // when one call is refused and another fails
    const first = gate.fetch(answers(429, 200))('https://api.example.com/a?token=secret');
    await clock.advance(3000);
    await first;
    await gate.fetch(answers(404))('https://api.example.com/b');
    const { gate: name, calls, pauses, samples } = await recording.stop();
    // then
    expect(name).to.equal('mine');
    expect(calls.map(({ attempts }) => attempts.map(({ status }) => status))).to.deep.equal([
      [429, 200],
      [404],
    ]);
    expect(calls[0]).to.include({ quota: 'q', status: 200 });
    expect(calls[0]?.url).to.not.include('secret');
    expect(calls[0]?.endedAt).to.be.at.least((calls[0]?.beganAt ?? 0) + 2000);
    expect(pauses).to.have.length(1);
    expect((pauses[0]?.to ?? 0) - (pauses[0]?.from ?? 0)).to.be.within(2000, 2200);
    expect(samples.at(-1)?.quotas[0]?.windows[0]).to.include({ limit: 10 });
  });

  it('in a file is the same as in memory', async () => {
    const clock = virtualClock();
    const gate = own(
      headgate({ quotas: [{ name: 'q', match: {}, windows: [{ limit: 10, per: '1m' }] }] }, { clock }),
    );
    const file = path.join(folder, 'gate.jsonl');
    const recording = record(gate, { file });
    const call = gate.fetch(answers(429, 200))('https://api.example.com/a');
    await clock.advance(3000);
    await call;
    const inMemory = await recording.stop();
    expect(await readRecord(file)).to.deep.equal(JSON.parse(JSON.stringify(inMemory)));
  });

  it('in a file may end in a line that was cut off, but holds no other broken line', async () => {
    const file = path.join(folder, 'gate.jsonl');
    for (const event of eventsOfOneCall()) await appendFile(file, `${JSON.stringify(event)}\n`);
    await appendFile(file, '{"type":"call","at":17');
    expect((await readRecord(file)).calls).to.have.length(1);
    await appendFile(file, '\n{"type":"call"}\n');
    expect(String(await failureOf(readRecord(file)))).to.match(/SyntaxError: Line 5 of .*gate\.jsonl/);
  });

  it('keeps the last calls, and says how many it dropped', () => {
    const sum = new RecordSum(2);
    const [begin] = eventsOfOneCall();
    for (const call of ['a', 'b', 'c']) sum.add({ ...begin, call } as never);
    expect(sum.record.calls.map(({ call }) => call)).to.deep.equal(['b', 'c']);
    expect(sum.record.dropped).to.equal(1);
  });

  it('is bounded in samples, by a coarser step over the whole time', () => {
    const sum = new RecordSum();
    for (let n = 0; n < 20_000; n += 1) sum.add({ type: 'quotas', at: START + n, quotas: [] });
    const { samples } = sum.record;
    expect(samples.length).to.be.within(1000, 4096);
    expect(samples[0]?.at).to.equal(START);
  });

  it('that was stopped hears nothing more, and writes nothing', async () => {
    const gate = own(headgate());
    const file = path.join(folder, 'gate.jsonl');
    const recording = record(gate, { file });
    await gate.fetch(answers(200))('https://api.example.com/');
    await recording.stop();
    const before = await readFile(file, 'utf8');
    await gate.fetch(answers(200))('https://api.example.com/');
    expect(recording.record.calls).to.have.length(1);
    expect(await readFile(file, 'utf8')).to.equal(before);
  });

  it('of a file that cannot be written harms no call, and says so when it is stopped', async () => {
    const gate = own(headgate());
    const recording = record(gate, { file: path.join(folder, 'none', 'gate.jsonl') });
    expect((await gate.fetch(answers(200))('https://api.example.com/')).status).to.equal(200);
    expect(await failureOf(recording.stop())).to.include({ code: 'ENOENT' });
    expect(recording.record.calls).to.have.length(1);
  });

  for (const options of [{ sampleEvery: 'soon' }, { maxCalls: 0 }, { maxCalls: 1.5 }, { file: '' }])
    it(`refuses the option ${JSON.stringify(options)}`, () => {
      expect(() => record(own(headgate()), options as never))
        .to.throw(OptionsError)
        .with.property('option', Object.keys(options)[0]);
    });
});
