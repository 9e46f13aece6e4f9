import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type BuildOptions, buildSync } from 'esbuild';

const root = new URL('../..', import.meta.url).pathname;

const APP = `
import { headgate } from 'headgate';
import { redis } from 'headgate/redis';
try {
  const gate = headgate({ ledger: redis({ url: 'redis://127.0.0.1:1' }) });
  gate.once('ledger', ({ message }) => { console.log(message); process.exit(); });
  setTimeout(() => {}, 20000);
} catch (error) {
  console.log(error.message);
}
`;

describe('A bundled app with a ledger in Redis', function () {
  this.timeout(60_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'headgate-bundle-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** What the app says, bundled so and put where there is nothing else, or where `beside` it is ioredis. */
  function output(options: BuildOptions, beside = false): string {
    const file = join(folder, options.format === 'cjs' ? 'app.cjs' : 'app.mjs');
    const stdin = { contents: APP, resolveDir: root };
    const common: BuildOptions = { bundle: true, platform: 'node', conditions: ['headgate-source'] };
    buildSync({ ...common, logLevel: 'silent', stdin, outfile: file, ...options });
    const modules = join(folder, 'node_modules');
    rmSync(modules, { recursive: true, force: true });
    if (beside) symlinkSync(join(root, 'node_modules'), modules);
    writeFileSync(join(folder, 'package.json'), '{}');
    const { stdout, stderr } = spawnSync(process.execPath, [file], { cwd: folder, encoding: 'utf8' });
    return stdout + stderr;
  }

  it('has ioredis in a CommonJS bundle', () => {
    expect(output({ format: 'cjs' })).to.match(/ECONNREFUSED/);
  });

  for (const format of ['cjs', 'esm'] as const) {
    it(`finds ioredis beside the bundle: ${format}`, () => {
      expect(output({ format, external: ['ioredis'] }, true)).to.match(/ECONNREFUSED/);
    });

    it(`says why there is no ioredis, and that a client of one's own is the remedy: ${format}`, () => {
      expect(output({ format, external: ['ioredis'] }))
        .to.match(/cannot be loaded/)
        .and.to.match(/Cannot find module 'ioredis'/)
        .and.to.include('redis({ client: new Redis(');
    });
  }
});
