import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { headgate } from 'headgate';
import { record } from 'headgate/report';
import { folder, headgateCommand, headgateJson } from './support/command.ts';

const file = folder();

/** The record of three calls, of which one fails. */
async function recorded(name: string): Promise<string> {
  const path = file(name);
  const gate = headgate({ name: 'mine' });
  const recording = record(gate, { file: path });
  const api = gate.fetch(
    async (url: URL | string) => new Response('', { status: String(url).endsWith('3') ? 403 : 200 }),
  );
  await Promise.all([1, 2, 3].map((n) => api(`https://api.example.com/${n}`)));
  await recording.stop();
  await gate.close();
  return path;
}

describe('headgate report', () => {
  it('draws a record as a page beside it, and tells what it advises', async () => {
    const path = await recorded('calls.jsonl');
    const told = await headgateJson<{ report: string; gate: string; totals: object; advice: string[] }>([
      'report',
      path,
    ]);
    expect(told).to.deep.include({ exit: 0, report: file('calls.html'), gate: 'mine' });
    expect(told.totals).to.include({ calls: 3, succeeded: 2, failed: 1 });
    expect(told.advice[0]).to.match(/^1 call failed with 403/);
    expect(readFileSync(file('calls.html'), 'utf8'))
      .to.match(/^<!doctype html>/)
      .and.to.include('Headgate: mine');
  });

  it('writes where it is told to, under a title, and ends by the path', async () => {
    const target = file('other.html');
    const argv = ['report', await recorded('again.jsonl'), '-o', target, '--title', 'A & B'];
    const { out, exit } = await headgateCommand(argv, { columns: 50 });
    expect(exit).to.equal(0);
    expect(out.trimEnd().split(/\s+/).at(-1)).to.equal(target);
    expect(readFileSync(target, 'utf8')).to.include('<title>A &#38; B</title>');
  });

  it('never overwrites the record itself, whatever its name', async () => {
    for (const name of ['plain', 'page.html', 'calls.log']) {
      const path = await recorded(name);
      const before = readFileSync(path, 'utf8');
      const { report } = await headgateJson<{ report: string }>(['report', path]);
      expect(readFileSync(path, 'utf8')).to.equal(before);
      expect(existsSync(report), report).to.equal(true);
    }
  });

  for (const [what, content, exit] of [
    ['is not there', undefined, 2],
    ['is no record', 'hello\n', 2],
  ] as const)
    it(`refuses a file that ${what}`, async () => {
      const told = await headgateJson<{ error: object }>([
        'report',
        file(`no-${exit}-${what}.jsonl`.replaceAll(' ', ''), content),
      ]);
      expect(told.exit).to.equal(exit);
    });

  it('says so when the page cannot be written', async () => {
    const { exit, err } = await headgateCommand([
      'report',
      await recorded('w.jsonl'),
      '-o',
      '/nowhere/x.html',
    ]);
    expect(exit).to.equal(3);
    expect(err).to.include('/nowhere/x.html');
  });
});
