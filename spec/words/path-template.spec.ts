import { expect } from 'chai';
import fc from 'fast-check';
import { pathTemplate } from '../../lib/words/path-template.ts';

/** What a template means, as a regular expression: right, but slow where it has several wildcards. */
function expression(template: string, stops = '/'): RegExp {
  const part = `[^${stops}]`;
  const source = template.replaceAll(/\{[^{}/]*\}|\*\*|\*|[^{*]+|\{/g, (piece) => {
    if (piece === '**') return '.*';
    if (piece === '*') return `${part}*`;
    if (piece.startsWith('{') && piece.endsWith('}')) return `${part}+`;
    return piece.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
  });
  return new RegExp(`^${source}$`, 'is');
}

describe('A path template', () => {
  const piece = fc.constantFrom('a', 'B', '/', '-', '.', '*', '**', '{id}', '{', '}', '(', "'");
  const template = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
  const path = fc
    .array(fc.constantFrom('a', 'b', 'A', '/', '-', '.', '{', '}', '(', "'"), { maxLength: 10 })
    .map((pieces) => pieces.join(''));

  for (const stops of ['/', "/()'"]) {
    it(`means what its regular expression means; a part ends at one of ${stops}`, () => {
      fc.assert(
        fc.property(template, path, (pattern, text) => {
          expect(pathTemplate(pattern, stops).fits(text)).to.equal(expression(pattern, stops).test(text));
        }),
        { numRuns: 5000 },
      );
    });
  }

  it('may be used while another is, and again', () => {
    const one = pathTemplate('/**/a-{x}-b');
    expect([one.fits('/x/a-1-b'), one.fits('/x/a--b'), one.fits('/x/a-1-b')]).to.deep.equal([
      true,
      false,
      true,
    ]);
  });

  it('may hold letters that a URL encodes', () => {
    expect(pathTemplate('/größe/{id}').fits(new URL('http://h/Größe/1').pathname)).to.equal(true);
    expect(pathTemplate('/a b').fits(new URL('http://h/a b').pathname)).to.equal(true);
  });

  for (const [pattern, hostile] of [
    ['/**/x/**/x/**/y', '/x/'.repeat(300_000)],
    ['/{year}-{month}-{day}/report', `/${'-'.repeat(900_000)}`],
    ['/*a*a*a*a*a*a*b', `/${'a'.repeat(900_000)}`],
    [`/${'**a'.repeat(20)}b`, `/${'a'.repeat(100_000)}`],
    ['/{a}{b}{c}{d}/', `/${'a'.repeat(900_000)}`],
  ] as const) {
    // A matcher that backtracks would take hours here, and mocha end it.
    it(`takes a time linear in the path: ${pattern.slice(0, 40)}`, () => {
      expect(pathTemplate(pattern).fits(hostile)).to.equal(false);
    });
  }
});
