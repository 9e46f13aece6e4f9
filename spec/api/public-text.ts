/** Finds public declarations without a doc comment, in the files that the build emits. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import pkg from '../../package.json' with { type: 'json' };

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

/** What is public in the declarations of this folder. */
export interface PublicText {
  /** Text of each file, by its path and the names that are public of it. */
  readonly texts: ReadonlyMap<string, string>;
  /** Declarations and members without a doc comment. */
  readonly missing: readonly string[];
}

export function publicText(folder: string): PublicText {
  const texts = new Map<string, string>();
  const missing = new Set<string>();
  const visit = (file: string, names: ReadonlySet<string> | undefined): void => {
    const text = readFileSync(file, 'utf8');
    texts.set(`${file} ${[...(names ?? [])]}`, text);
    for (const each of undocumented(text, names)) missing.add(`${path.relative(folder, file)}: ${each}`);
    for (const { from, names: inner } of exportsOf(text)) {
      const all =
        inner === undefined
          ? names
          : new Set([...inner].filter((name) => names === undefined || names.has(name)));
      if (all === undefined || all.size > 0) visit(path.join(path.dirname(file), from), all);
    }
  };
  for (const entry of Object.values(pkg.exports)) {
    if (typeof entry === 'object' && 'types' in entry)
      visit(entry.types.replace('./dist', folder), undefined);
  }
  return { texts, missing: [...missing].sort() };
}
