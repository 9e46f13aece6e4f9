import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { defenderErrorCodes } from 'headgate/profiles';

const ROOT = path.join(import.meta.dirname, '../..');
const DEFENDER = path.join(ROOT, 'docs/defender.md');

const read = (file: string): string => readFileSync(file, 'utf8');
const pages: string[] = [
  'README.md',
  ...readdirSync(path.join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** The TypeScript snippets of a page. */
function snippetsOf(page: string): string[] {
  return [...read(path.join(ROOT, page)).matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
    ([, code]) => code as string,
  );
}

/** Runs `use` with an empty folder inside the project, where its packages are found. */
function withFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(path.join(import.meta.dirname, '.snippets-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The table of Defender's codes, as its page shows it. */
function codesTable(): string {
  const rows = defenderErrorCodes.map(
    ({ code, status, verdict, hint, documented }) =>
      `| \`${code}\`${documented ? '' : ' *'} | ${status} | ${verdict} | ${hint.replaceAll('|', '\\|')} |`,
  );
  return [
    '| code | status | verdict | advice (`hint`) |',
    '|---|---|---|---|',
    ...rows,
    '',
    '\\* not on the page of common errors, but seen.',
  ].join('\n');
}

describe('The pages', () => {
  it('hold no snippet that the compiler refuses', function () {
    this.timeout(60_000);
    const refused = withFolder((folder) => {
      writeFileSync(
        path.join(folder, 'prelude.d.ts'),
        read(path.join(import.meta.dirname, 'prelude.d.ts.txt')),
      );
      for (const page of pages) {
        snippetsOf(page).forEach((code, index) => {
          const name = `${page.replaceAll(/\W/g, '-')}-${index + 1}.ts`;
          writeFileSync(path.join(folder, name), `${code}\nexport {};\n`);
        });
      }
      const config = {
        extends: path.join(ROOT, 'tsconfig.json'),
        compilerOptions: { isolatedDeclarations: false, declaration: false, noUnusedLocals: false },
        include: [`${folder}/*`, path.join(ROOT, 'lib/**/*.d.ts')],
        exclude: [],
      };
      writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
      const tsc = path.join(ROOT, 'node_modules/.bin/tsc');
      const { stdout } = spawnSync(tsc, ['-p', path.join(folder, 'tsconfig.json')], { encoding: 'utf8' });
      return stdout;
    });
    expect(refused).to.equal('');
  });

  it('begin with a program that prints what the README says', function () {
    this.timeout(60_000);
    const [program] = snippetsOf('README.md');
    const printed = /prints:\n\n```\n([\s\S]*?)```/.exec(read(path.join(ROOT, 'README.md')))?.[1];
    const { stdout, stderr } = withFolder((folder) => {
      const file = path.join(folder, 'first.ts');
      writeFileSync(file, program as string);
      return spawnSync(process.execPath, ['--conditions=headgate-source', file], { encoding: 'utf8' });
    });
    // Ports, IDs and waits differ from run to run.
    const shape = (text = ''): string =>
      text.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<id>').replaceAll(/\d+(?:\.\d+)?/g, '<n>');
    expect(shape(stdout), stderr).to.equal(shape(printed));
  });

  it('lead nowhere that is not there', () => {
    const broken = pages.flatMap((page) =>
      [...read(path.join(ROOT, page)).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
        .map(([, link]) => path.join(ROOT, path.dirname(page), link as string))
        .filter((target) => {
          try {
            readFileSync(target);
            return false;
          } catch (error) {
            return (error as NodeJS.ErrnoException).code !== 'EISDIR';
          }
        }),
    );
    expect(broken).to.deep.equal([]);
  });

  it('list the codes of Defender as the profile reads them', () => {
    const text = read(DEFENDER);
    const fresh = text.replace(
      /(<!-- codes -->\n)[\s\S]*?(<!-- \/codes -->)/,
      (_all, begin, end) => `${begin}${codesTable()}\n${end}`,
    );
    // `UPDATE_DOCS=1 npm test` writes it anew.
    if (process.env.UPDATE_DOCS) writeFileSync(DEFENDER, fresh);
    else expect(text).to.equal(fresh);
  });

  it('give the two commands', () => {
    expect(read(path.join(ROOT, 'README.md')))
      .to.include('npm install && npm start')
      .and.to.include('npm install && npm test');
  });
});
