import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const tsc = join(root, 'node_modules/.bin/tsc');

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

describe('The types of the package for users of axios', () => {
  let project: string;
  before(function () {
    this.timeout(60_000);
    project = mkdtempSync(join(tmpdir(), 'headgate-types-'));
    const installed = join(project, 'node_modules/headgate');
    mkdirSync(installed, { recursive: true });
    execFileSync(tsc, ['-p', join(root, 'tsconfig.build.json'), '--outDir', join(installed, 'dist')]);
    cpSync(join(root, 'package.json'), join(installed, 'package.json'));
    for (const name of ['axios', '@types', 'got', 'undici', 'ioredis', 'valibot', 'p-retry', 'form-data']) {
      symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name));
    }
    for (const file of ['program.mts', 'program.cts']) writeFileSync(join(project, file), PROGRAM);
  });
  after(() => rmSync(project, { recursive: true, force: true }));

  for (const [file, module, resolution] of [
    ['program.mts', 'nodenext', 'nodenext'],
    ['program.cts', 'nodenext', 'nodenext'],
    ['program.cts', 'commonjs', 'bundler'],
  ] as const) {
    it(`know \`headgate\` in ${file}, module ${module}, resolution ${resolution}`, function () {
      this.timeout(60_000);
      const flags = [
        '--noEmit --strict --skipLibCheck --esModuleInterop --target es2022 --types node --ignoreConfig',
        `--module ${module} --moduleResolution ${resolution}`,
      ].flatMap((line) => line.split(' '));
      let output = '';
      try {
        execFileSync(tsc, [...flags, file], { cwd: project, encoding: 'utf8' });
      } catch (error) {
        output = (error as { stdout: string }).stdout;
      }
      expect(output).to.equal('');
    });
  }
});
