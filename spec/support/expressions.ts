/** The regular expressions of the library, and what recheck finds of one. */
import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { parse } from 'acorn';

const ROOT = new URL('../..', import.meta.url).pathname;

export interface Expression {
  readonly at: string;
  readonly pattern: string;
  readonly flags: string;
  /** As it is written. */
  readonly text: string;
}

/** Source files of the library, with their text. */
export function sources(): { readonly file: string; readonly text: string }[] {
  return globSync('lib/**/*.ts', { cwd: ROOT }).map((file) => ({
    file,
    text: readFileSync(`${ROOT}/${file}`, 'utf8'),
  }));
}

/** Every regular expression of the library, each once. */
export function expressions(): Expression[] {
  const found = new Map<string, Expression>();
  for (const { file, text } of sources()) {
    parse(stripTypeScriptTypes(text), {
      ecmaVersion: 'latest',
      sourceType: 'module',
      locations: true,
      onToken(token) {
        if (token.type.label !== 'regexp') return;
        const { value } = token as unknown as { value: { pattern: string; flags: string } };
        const { pattern, flags } = value;
        const written = `/${pattern}/${flags}`;
        found.set(written, { at: `${file}:${token.loc?.start.line}`, pattern, flags, text: written });
      },
    });
  }
  return [...found.values()];
}

/** Committed list of expressions that recheck has proven, as they are written, one a line. */
export const PROVEN: URL = new URL('expressions.txt', import.meta.url);

/** What recheck finds: `safe, safe` or `safe, linear` for an expression that no text can make slow. */
export async function complexity({ pattern, flags }: Expression): Promise<string> {
  // The backend that needs no program of its own.
  process.env.RECHECK_BACKEND = 'pure';
  const { checkSync } = (await import('recheck')).default;
  const result = checkSync(pattern, flags, { timeout: 20_000 });
  return `${result.status}, ${result.status === 'unknown' ? result.error.kind : result.complexity.summary}`;
}

export const LINEAR: RegExp = /^safe, (?:safe|linear)$/;
