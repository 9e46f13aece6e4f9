import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { folder, headgateCommand, headgateJson } from './support/command.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const file = folder();

describe('The headgate command', () => {
  it('tells its version, and its help within the terminal', async () => {
    const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
    expect(await headgateCommand(['--version'])).to.deep.equal({ exit: 0, out: `${version}\n`, err: '' });
    for (const argv of [['--help'], ['simulate', '--help'], ['help', 'check'], ['explain', '-h']]) {
      const { exit, out, err } = await headgateCommand(argv, { columns: 60 });
      expect({ exit, err }).to.deep.equal({ exit: 0, err: '' });
      expect(Math.max(...out.split('\n').map((line) => line.length)), out).to.be.at.most(60);
    }
  });

  for (const argv of [
    [],
    ['no-such'],
    ['simulate'],
    ['check', 'a.json', 'b.json'],
    ['explain', '429', '--no-such'],
    ['simulate', 'p.json', '--kind', 'square'],
  ])
    it(`ends with 2 and says why when it is called wrongly: ${argv.join(' ') || 'without a subcommand'}`, async () => {
      const plain = await headgateCommand(argv);
      expect(plain).to.deep.include({ exit: 2, out: '' });
      expect(plain.err).to.match(/--help/);
      const { exit, error } = await headgateJson<{ error: { message: string } }>(argv);
      expect(exit).to.equal(2);
      expect(error.message).to.not.equal('');
    });

  it('takes --json before its subcommand, too', async () => {
    const { exit, out } = await headgateCommand(['--json', 'check', file('p.json', {})]);
    expect(exit).to.equal(0);
    expect(JSON.parse(out)).to.include({ valid: true });
  });

  it('is documented: each subcommand, each option, each exit code', async () => {
    const page = readFileSync(path.join(ROOT, 'docs/command.md'), 'utf8');
    const { out } = await headgateCommand(['--help']);
    const names = [...out.matchAll(/^ {2}(\w+) \[options\]/gm)].map(([, name]) => name as string);
    expect(names).to.include.members(['simulate', 'check', 'explain', 'report']);
    for (const name of names) {
      expect(page).to.match(new RegExp(`^## ${name}:`, 'm'));
      const help = (await headgateCommand([name, '--help'])).out;
      for (const [, option] of help.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm))
        if (option !== '--help') expect(page, `${name} ${option}`).to.include(`\`${option}`);
    }
  });
});
