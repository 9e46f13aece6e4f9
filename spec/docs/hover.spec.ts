import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import pkg from '../../package.json' with { type: 'json' };

const ROOT = new URL('../..', import.meta.url).pathname;

/** The exported names of a declaration file and where each comes from: `undefined` for all of them. */
function exportsOf(
  text: string,
): { readonly from: string; readonly names: ReadonlySet<string> | undefined }[] {
  const found: { from: string; names: ReadonlySet<string> | undefined }[] = [];
  for (const [, names, from = ''] of text.matchAll(/^export (?:type )?(\*|\{[^}]*\}) from '(\.[^']*)';/gm)) {
    const list = names === '*' ? undefined : new Set(names?.match(/\w+(?=\s*[,}])/g));
    found.push({ from: from.replace(/\.[jt]s$/, '.d.ts'), names: list });
  }
  return found;
}

/** Exported declarations, and their members, that no doc comment stands before. */
function undocumented(text: string, names: ReadonlySet<string> | undefined): string[] {
  const missing: string[] = [];
  const lines = text.split('\n');
  let owner: string | undefined;
  let documented = false;
  const depth = { comment: false };
  for (const line of lines) {
    const trimmed = line.trim();
    if (trimmed.startsWith('/**')) depth.comment = true;
    if (depth.comment) {
      if (trimmed.endsWith('*/')) {
        depth.comment = false;
        documented = true;
      }
      continue;
    }
    const declared = /^export (?:declare )?(?:abstract )?(?:interface|class|type|function|const) (\w+)/.exec(
      line,
    );
    const name = declared?.[1];
    if (name !== undefined) {
      const wanted = names === undefined || names.has(name);
      if (wanted && !documented) missing.push(name);
      owner =
        wanted && /^export (?:declare )?(?:abstract )?(?:interface|class) /.test(line) && !/\}$/.test(line)
          ? name
          : undefined;
    } else if (line === '}') owner = undefined;
    else if (owner !== undefined && /^ {4}\S/.test(line)) {
      const member = /^(?:readonly |abstract |get |static )*(\w+|\[Symbol\.\w+\])\??[(<:]/.exec(trimmed)?.[1];
      const hidden = /^(?:#|private |protected |constructor\()/.test(trimmed);
      if (member !== undefined && !hidden && !documented) missing.push(`${owner}.${member}`);
    }
    documented = false;
  }
  return missing;
}

describe('Everything that is public', function () {
  this.timeout(60_000);
  const out = mkdtempSync(path.join(tmpdir(), 'headgate-types-'));
  const texts = new Map<string, string>();
  const missing: string[] = [];

  before(() => {
    const tsc = path.join(ROOT, 'node_modules/.bin/tsc');
    execFileSync(tsc, ['-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--outDir', out], { cwd: ROOT });
    const visit = (file: string, names: ReadonlySet<string> | undefined): void => {
      const text = readFileSync(file, 'utf8');
      texts.set(`${file} ${[...(names ?? [])]}`, text);
      for (const each of undocumented(text, names)) missing.push(`${path.relative(out, file)}: ${each}`);
      for (const { from, names: inner } of exportsOf(text)) {
        const all =
          inner === undefined
            ? names
            : new Set([...inner].filter((name) => names === undefined || names.has(name)));
        if (all === undefined || all.size > 0) visit(path.join(path.dirname(file), from), all);
      }
    };
    for (const entry of Object.values(pkg.exports)) {
      if (typeof entry === 'object' && 'types' in entry) visit(entry.types.replace('./dist', out), undefined);
    }
  });
  after(() => rmSync(out, { recursive: true }));

  it('says on hover what it is, with its unit and its default', () => {
    expect([...new Set(missing)].sort()).to.deep.equal([]);
  });

  it('shows an example of its main functions', () => {
    const types = [...texts].find(([file]) => file.includes('headgate-types.d.ts'))?.[1] ?? '';
    for (const method of ['got', 'fetch', 'undici', 'axios', 'wrap', 'on', 'quotas', 'update', 'close']) {
      const before = types.slice(0, types.search(new RegExp(`^ {4}${method}[(<]`, 'm')));
      expect(before.slice(before.lastIndexOf('    /**')), method).to.include('@example');
    }
    const gate = [...texts].find(([file]) => file.includes('/headgate.d.ts'))?.[1] ?? '';
    expect(gate).to.include('@example');
  });
});
