import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { parse } from 'acorn';
import { expect } from 'chai';

// The backend that needs no program of its own.
process.env.RECHECK_BACKEND = 'pure';
const { checkSync } = (await import('recheck')).default;

const ROOT = new URL('..', import.meta.url).pathname;

interface Expression {
  readonly at: string;
  readonly pattern: string;
  readonly flags: string;
}

/** Every regular expression of the library, each once. */
function expressions(): Expression[] {
  const found = new Map<string, Expression>();
  for (const file of globSync('lib/**/*.ts', { cwd: ROOT })) {
    const source = stripTypeScriptTypes(readFileSync(`${ROOT}/${file}`, 'utf8'));
    parse(source, {
      ecmaVersion: 'latest',
      sourceType: 'module',
      locations: true,
      onToken(token) {
        if (token.type.label !== 'regexp') return;
        const { value } = token as unknown as { value: { pattern: string; flags: string } };
        const { pattern, flags } = value;
        found.set(`/${pattern}/${flags}`, { at: `${file}:${token.loc?.start.line}`, pattern, flags });
      },
    });
  }
  return [...found.values()];
}

describe('Every regular expression of the library', function () {
  this.timeout(60_000);

  for (const { at, pattern, flags } of expressions()) {
    it(`takes a time linear in the text: ${at} /${pattern.slice(0, 60)}/${flags}`, () => {
      const result = checkSync(pattern, flags, { timeout: 20_000 });
      const found = result.status === 'unknown' ? result.error.kind : result.complexity.summary;
      expect(`${result.status}, ${found}`).to.match(/^safe, (?:safe|linear)$/);
    });
  }

  it('is written out, so that it can be proven', () => {
    for (const file of globSync('lib/**/*.ts', { cwd: ROOT })) {
      expect(readFileSync(`${ROOT}/${file}`, 'utf8'), file).to.not.match(/\bRegExp\(/);
    }
  });
});
