import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { defenderErrorCodes } from 'headgate/profiles';

const README = new URL('../README.md', import.meta.url);

/** The table of Defender's codes, as the README shows it. */
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

describe('The README', () => {
  it('lists the codes of Defender as the profile reads them', () => {
    const text = readFileSync(README, 'utf8');
    const fresh = text.replace(
      /(<!-- codes -->\n)[\s\S]*?(<!-- \/codes -->)/,
      (_all, begin, end) => `${begin}${codesTable()}\n${end}`,
    );
    // `UPDATE_README=1 npm test` writes it anew.
    if (process.env.UPDATE_README) writeFileSync(README, fresh);
    else expect(text).to.equal(fresh);
  });

  it('gives the two commands', () => {
    expect(readFileSync(README, 'utf8'))
      .to.include('npm install && npm start')
      .and.to.include('npm install && npm test');
  });
});
