import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { expressions, PROVEN, sources } from './support/expressions.ts';

describe('Every regular expression of the library', () => {
  // Proofs can take a slow machine longer than a spec may: `npm run proof -- --part expressions` makes them and writes the list.
  it('is in the list of those that were proven to take a time linear in the text', () => {
    const proven = new Set(readFileSync(PROVEN, 'utf8').split('\n'));
    const all = expressions();
    expect(all.length).to.be.above(100);
    const unproven = all.filter(({ text }) => !proven.has(text)).map(({ at, text }) => `${at} ${text}`);
    expect(unproven, 'run `npm run proof -- --part expressions`').to.deep.equal([]);
  });

  it('is written out, so that it can be proven', () => {
    for (const { file, text } of sources()) expect(text, file).to.not.match(/\bRegExp\(/);
  });
});
