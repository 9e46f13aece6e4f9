import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { publicText } from './public-text.ts';
import { build, publicTypes, REPORT } from './public-types.ts';

const ROOT = path.join(import.meta.dirname, '../..');

/** What a user of TypeScript writes, in a module of either kind. */
const PROGRAM = `
import axios from 'axios';
import { headgate, isHeadgateError } from 'headgate';
import 'headgate/axios';
const api = headgate().axios(axios.create());
export async function go(): Promise<string | undefined> {
  try {
    const response = await api.get('http://localhost/', { headgate: { priority: 1 } });
    return response.headgate?.correlationId;
  } catch (error) {
    return isHeadgateError(error) ? error.headgate.hint : undefined;
  }
}
// @ts-expect-error: a priority is a number
void api.get('http://localhost/', { headgate: { priority: 'high' } });
`;

// One build serves all of it.
describe('The built package', function () {
  this.timeout(60_000);
  let project: string;
  let dist: string;
  before(() => {
    project = build();
    const installed = path.join(project, 'node_modules/headgate');
    dist = path.join(installed, 'dist');
    mkdirSync(installed, { recursive: true });
    renameSync(path.join(project, 'dist'), dist);
  });
  after(() => rmSync(project, { recursive: true, force: true }));

  it('has the public types of the committed report; `npm run api` writes it anew, and its diff is what to review', () => {
    expect(publicTypes(dist)).to.equal(readFileSync(REPORT, 'utf8'));
  });

  it('says on hover of everything public what it is, with its unit and its default', () => {
    expect(publicText(dist).missing).to.deep.equal([]);
  });

  it('shows an example of its main functions', () => {
    const { texts } = publicText(dist);
    const types = [...texts].find(([file]) => file.includes('headgate-types.d.ts'))?.[1] ?? '';
    for (const method of ['got', 'fetch', 'undici', 'axios', 'wrap', 'on', 'quotas', 'update', 'close']) {
      const before = types.slice(0, types.search(new RegExp(`^ {4}${method}[(<]`, 'm')));
      expect(before.slice(before.lastIndexOf('    /**')), method).to.include('@example');
    }
    const gate = [...texts].find(([file]) => file.includes('/headgate.d.ts'))?.[1] ?? '';
    expect(gate).to.include('@example');
  });

  describe('for users of axios', () => {
    before(() => {
      cpSync(path.join(ROOT, 'package.json'), path.join(project, 'node_modules/headgate/package.json'));
      for (const name of ['axios', '@types', 'got', 'undici', 'ioredis', 'valibot', 'p-retry', 'form-data']) {
        symlinkSync(path.join(ROOT, 'node_modules', name), path.join(project, 'node_modules', name));
      }
      for (const file of ['program.mts', 'program.cts']) writeFileSync(path.join(project, file), PROGRAM);
    });

    for (const [files, module, resolution] of [
      [['program.mts', 'program.cts'], 'nodenext', 'nodenext'],
      [['program.cts'], 'commonjs', 'bundler'],
    ] as const) {
      it(`knows \`headgate\` in ${files.join(' and ')}, module ${module}, resolution ${resolution}`, () => {
        const flags = [
          '--noEmit --strict --skipLibCheck --esModuleInterop --target es2022 --types node --ignoreConfig',
          `--module ${module} --moduleResolution ${resolution}`,
        ].flatMap((line) => line.split(' '));
        const tsc = path.join(ROOT, 'node_modules/.bin/tsc');
        const { status, stdout } = spawnSync(tsc, [...flags, ...files], { cwd: project, encoding: 'utf8' });
        expect({ status, stdout }).to.deep.equal({ status: 0, stdout: '' });
      });
    }
  });
});
