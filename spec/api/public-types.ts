/**
 * The public types of the package as one text, read from the declarations that the build emits: what each entry point
 * exports, and after that every type which those mention although no entry point exports it. Comments are left out.
 * `npm run api` writes the report that `api.spec.ts` compares.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pkg from '../../package.json' with { type: 'json' };

const ROOT = path.join(import.meta.dirname, '../..');
/** The committed report. */
export const REPORT: string = path.join(import.meta.dirname, 'public-types.txt');

/** One declaration: overloads and merged interfaces of a name are one. */
interface Declaration {
  readonly name: string;
  readonly file: string;
  readonly text: string;
}

/** Where an imported or re-exported name stands: in which file, under which name. */
interface Elsewhere {
  readonly file: string;
  readonly name: string;
}

/** One declaration file. */
interface Module {
  readonly own: ReadonlyMap<string, Declaration>;
  readonly imported: ReadonlyMap<string, Elsewhere>;
  readonly exported: ReadonlyMap<string, Elsewhere>;
  /** Files whose every export is exported again. */
  readonly all: readonly string[];
}

const STATEMENT =
  /^(?:export |declare |abstract |type |interface |import |class |const |function ).*(?:\n(?:[ \t}\])].*)?)*/gm;
const DECLARED =
  /^(export )?(?:declare )?(?:abstract )?(?:interface|type|class|function|const|module|namespace) ['"]?([\w$]+)/;
const FROM = /^(?:import|export) (?:type )?(\*|\{[\s\S]*\}) from ['"](\.[^'"]*)['"]/;

function read(file: string): Module {
  const own = new Map<string, Declaration>();
  const imported = new Map<string, Elsewhere>();
  const exported = new Map<string, Elsewhere>();
  const all: string[] = [];
  const source = readFileSync(file, 'utf8').replaceAll(/^\s*\/\*[\s\S]*?\*\/\n?|^\s*\/\/.*\n?/gm, '');
  for (const [statement] of source.matchAll(STATEMENT)) {
    const [, names, from = ''] = FROM.exec(statement) ?? [];
    const there = path.join(path.dirname(file), from.replace(/\.[jt]s$/, '.d.ts'));
    if (names === '*') all.push(there);
    else if (names !== undefined) {
      const into = statement.startsWith('import') ? imported : exported;
      for (const [, name = '', as = name] of names.matchAll(/(?:type )?(\w+)(?: as (\w+))?(?=\s*[,}])/g))
        into.set(as, { file: there, name });
      continue;
    }
    const [, isExported, name] = DECLARED.exec(statement) ?? [];
    if (name === undefined) continue;
    const before = own.get(name);
    const text = statement.replace(/^export /, '').trimEnd();
    own.set(name, { name, file, text: before === undefined ? text : `${before.text}\n${text}` });
    if (isExported) exported.set(name, { file, name });
    else if (/^declare module/.test(statement)) exported.set(name, { file, name });
  }
  return { own, imported, exported, all };
}

/** The report of all entry points, from the declarations in this folder. */
export function publicTypes(folder: string): string {
  const modules = new Map<string, Module>();
  const open = (file: string): Module => {
    const known = modules.get(file) ?? read(file);
    modules.set(file, known);
    return known;
  };
  const find = ({ file, name }: Elsewhere): Declaration | undefined => {
    const { own, imported, exported, all } = open(file);
    const mine = own.get(name);
    if (mine !== undefined) return mine;
    const there = exported.get(name) ?? imported.get(name);
    if (there !== undefined) return find(there);
    for (const each of all) {
      const found = find({ file: each, name });
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const exportsOf = (file: string): Map<string, Elsewhere> => {
    const { exported, all } = open(file);
    return new Map([...all.flatMap((each) => [...exportsOf(each)]), ...exported]);
  };
  const told = new Map<Declaration, string>();
  const tell = (entry: string, list: readonly Declaration[]): string => {
    const fresh = list.filter((each) => !told.has(each));
    const again = list.filter((each) => told.has(each)).map(({ name }) => name);
    for (const each of fresh) told.set(each, entry);
    const head = again.length > 0 ? [`As above: ${again.join(', ')}`] : [];
    return `${[`## ${entry}`, ...head, ...fresh.map(({ text }) => text)].join('\n\n')}\n`;
  };
  const byName = (a: Declaration, b: Declaration): number => (a.name < b.name ? -1 : Number(a.name > b.name));
  const parts = Object.entries(pkg.exports).flatMap(([entry, conditions]) => {
    if (typeof conditions !== 'object' || !('types' in conditions)) return [];
    const file = path.join(folder, path.relative('./dist', conditions.types));
    const list = [...exportsOf(file)].map(([name, there]) => {
      const declaration = find(there);
      if (declaration === undefined) throw new Error(`${entry} exports ${name}, which is declared nowhere`);
      return declaration;
    });
    return [tell(`headgate${entry.slice(1)}`, list.sort(byName))];
  });
  // What is mentioned and not exported, and what that mentions in its turn.
  const inner = new Set<Declaration>();
  for (const each of told.keys()) follow(each);
  function follow({ file, text }: Declaration): void {
    const { own, imported } = open(file);
    for (const [word] of text.matchAll(/[A-Za-z_$][\w$]*/g)) {
      const there = own.has(word) ? { file, name: word } : imported.get(word);
      const found = there && find(there);
      if (found === undefined || told.has(found) || inner.has(found)) continue;
      inner.add(found);
      follow(found);
    }
  }
  return [...parts, tell('Mentioned, not exported', [...inner].sort(byName))].join('\n');
}

/** Builds the package into a new folder, which the caller removes. */
export function build(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'headgate-types-'));
  const tsc = path.join(ROOT, 'node_modules/.bin/tsc');
  execFileSync(tsc, ['-p', 'tsconfig.build.json', '--outDir', path.join(folder, 'dist')], { cwd: ROOT });
  return folder;
}

if (import.meta.main) {
  const folder = build();
  writeFileSync(REPORT, publicTypes(path.join(folder, 'dist')));
  rmSync(folder, { recursive: true });
}
