import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { BOOK, indexPage, pageOf } from './apis.ts';

const APIS = path.join(import.meta.dirname, '../../docs/apis');

/** Every page by its name. */
const PAGES: readonly (readonly [string, string])[] = [
  ['README.md', indexPage()],
  ...BOOK.map(([exported, factory]) => [`${factory.definition.name}.md`, pageOf(exported, factory)] as const),
];

describe('The pages of APIs', () => {
  for (const [name, text] of PAGES) {
    it(`say what the profile says: ${name}`, () => {
      const file = path.join(APIS, name);
      // `UPDATE_DOCS=1` writes them anew.
      if (process.env.UPDATE_DOCS) {
        mkdirSync(APIS, { recursive: true });
        writeFileSync(file, text);
      } else expect(existsSync(file) && readFileSync(file, 'utf8')).to.equal(text);
    });
  }

  it('are no more than the profiles', () => {
    expect(readdirSync(APIS).sort()).to.deep.equal(PAGES.map(([name]) => name).sort());
  });
});
