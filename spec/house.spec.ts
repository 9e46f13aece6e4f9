import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';

const LIB = path.join(import.meta.dirname, '../lib');

/** What each room may import, type imports included. `face` is the files directly in lib/. */
const ROOMS: Record<string, string> = {
  words: '',
  time: 'words',
  classify: 'words',
  policy: 'words',
  events: 'words',
  ledger: 'words time',
  learning: 'words classify policy ledger',
  gate: 'words time classify policy ledger learning',
  call: 'words time classify policy events gate',
  options: 'words time policy events profiles ledger',
  profiles: 'words time classify',
  'clients/shared': 'words time classify call',
  'clients/got': 'words call options clients/shared',
  'clients/fetch': 'words call options clients/shared',
  'clients/undici': 'words call options clients/shared',
  'clients/axios': 'words call options clients/shared',
  'clients/function': 'words call options clients/shared',
  redis: 'words time ledger options',
  defender: 'words time classify options',
  simulator: 'words time profiles options',
  testing: 'words time face',
  report: 'words time events',
  'policy-file': 'words options profiles',
  telemetry: 'face',
  seams: 'words options clients/function face',
  command: 'face time classify events options policy policy-file profiles simulator report testing',
};

/** Maximum number of lines of a file, so that it is read in one sitting. */
const MAX_LINES = 300;
/** Maximum number of arrows between rooms. Those of the face and the command are not counted: they compose rooms, and nothing imports the command. */
const MAX_ARROWS = 80;

const files: string[] = readdirSync(LIB, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
);

function roomOf(file: string): string {
  const [room = '', inner = ''] = file.split(path.sep);
  if (room.endsWith('.ts')) return 'face';
  return room === 'clients' ? `clients/${inner}` : room;
}

const read = (file: string): string => readFileSync(path.join(LIB, file), 'utf8');

const imports: ReadonlyMap<string, string[]> = new Map(
  files.map((file) => [
    file,
    [...read(file).matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, target]) =>
      path.join(path.dirname(file), target as string),
    ),
  ]),
);

describe('The house', () => {
  it('has arrows between its rooms that point one way alone', () => {
    const arrows = new Set<string>();
    const wrong: string[] = [];
    for (const [file, targets] of imports) {
      for (const target of targets) {
        const [from, to] = [roomOf(file), roomOf(target)];
        if (from === to) continue;
        if (from !== 'face' && from !== 'command') arrows.add(`${from} -> ${to}`);
        const allowed = ROOMS[from]?.split(' ').includes(to);
        if (from !== 'face' && !allowed) wrong.push(`${file} -> ${target}`);
      }
    }
    expect(wrong).to.deep.equal([]);
    expect(arrows.size).to.be.at.most(MAX_ARROWS);
  });

  it('has no circle between files', () => {
    const circles: string[] = [];
    const state = new Map<string, 'open' | 'done'>();
    const visit = (file: string, way: readonly string[]): void => {
      state.set(file, 'open');
      for (const target of imports.get(file) ?? []) {
        if (state.get(target) === 'open') circles.push([...way, file, target].join(' -> '));
        else if (!state.has(target)) visit(target, [...way, file]);
      }
      state.set(file, 'done');
    };
    for (const file of files) if (!state.has(file)) visit(file, []);
    expect(circles).to.deep.equal([]);
  });

  it('has files that are read in one sitting', () => {
    const long = files.filter((file) => read(file).split('\n').length - 1 > MAX_LINES);
    expect(long).to.deep.equal([]);
  });

  it('has specs that load on Node.js 22, which lacks `using`', () => {
    const specs = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.spec.ts') && !name.includes('node_modules'),
    );
    const declares = /^\s*(?:await )?using \w+ = /m;
    const newer = specs.filter((name) =>
      declares.test(readFileSync(path.join(import.meta.dirname, name), 'utf8')),
    );
    expect(newer).to.deep.equal([]);
  });
});
