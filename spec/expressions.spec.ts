import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { complexity, expressions, LINEAR, PROVEN, sources } from './support/expressions.ts';

describe('Every regular expression of the library', function () {
  this.timeout(60_000);

  // `npm run proof -- --part expressions` proves all of them and writes the list anew; one that changed is proven here.
  const proven = new Set(readFileSync(PROVEN, 'utf8').split('\n'));
  const all = expressions();
  const unproven = all.filter(({ text }) => !proven.has(text));

  it('takes a time linear in the text: those that were proven once', () => {
    expect(all.length).to.be.above(100);
    expect(all.length - unproven.length).to.be.above(all.length / 2);
  });

  for (const expression of unproven) {
    it(`takes a time linear in the text: ${expression.at} ${expression.text.slice(0, 60)}`, async () => {
      expect(await complexity(expression)).to.match(LINEAR);
    });
  }

  it('is written out, so that it can be proven', () => {
    for (const { file, text } of sources()) expect(text, file).to.not.match(/\bRegExp\(/);
  });
});
