import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { build } from 'esbuild';
import { headgate } from 'headgate/fetch';
import { virtualClock } from 'headgate/testing';

interface Bundle {
  /** Size in kB, gzipped. */
  readonly size: number;
  /** The files whose code is in it. */
  readonly files: readonly string[];
}

/** A program of one line, as a bundler ships it. */
async function bundled(program: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: new URL('..', import.meta.url).pathname },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    conditions: ['headgate-source'],
    legalComments: 'none',
    metafile: true,
    write: false,
    outfile: 'bundle.js',
  });
  const [code] = outputFiles;
  const inputs = Object.entries(metafile.outputs['bundle.js']?.inputs ?? {});
  return {
    size: gzipSync(code?.contents ?? '', { level: 9 }).length / 1000,
    files: inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => file),
  };
}

const program = (entry: string): string =>
  `import { headgate } from '${entry}'; export const f = headgate().fetch()`;

describe('A bundle', function () {
  this.timeout(60_000);

  for (const { entry, most } of [
    { entry: 'headgate', most: 98 },
    { entry: 'headgate/fetch', most: 87.5 },
  ]) {
    describe(`with a gated fetch of ${entry}`, () => {
      let bundle: Bundle;
      before(async () => {
        bundle = await bundled(program(entry));
      });

      it(`takes at most ${most} kB gzipped`, () => {
        expect(bundle.size).to.be.at.most(most);
      });

      it('holds Bottleneck only if the program calls memory()', async () => {
        const sharing = await bundled(
          `import { headgate, memory } from '${entry}'; export const f = headgate({ ledger: memory() }).fetch()`,
        );
        const ofBottleneck = ({ files }: Bundle): string[] =>
          files.filter((file) => file.includes('node_modules/bottleneck/'));
        expect(ofBottleneck(bundle)).to.deep.equal([]);
        expect(ofBottleneck(sharing)).to.have.length(1);
      });
    });
  }

  it('of headgate/fetch holds no code for got, undici or axios', async () => {
    const { files } = await bundled(program('headgate/fetch'));
    const clients = files.map((file) => /lib\/clients\/(\w+)\//.exec(file)?.[1]);
    expect(new Set(clients.filter(Boolean))).to.deep.equal(new Set(['fetch', 'function', 'shared']));
  });

  it('with one profile holds no other', async () => {
    const { files } = await bundled(
      "import { github } from 'headgate/profiles'; export const profile = github()",
    );
    const ours = files.map((file) => /lib\/profiles\/([\w-]+)(?:\.ts|\/)/.exec(file)?.[1]);
    expect(new Set(ours.filter(Boolean))).to.deep.equal(new Set(['define', 'generic', 'github']));
  });
});

describe('A gate of headgate/fetch', () => {
  it('keeps a declared quota, also across an update that replaces it and brings it back', async () => {
    const clock = virtualClock();
    const quota = (limit: number) => [{ match: {}, windows: [{ limit, per: '1s' as const }] }];
    const gate = headgate({ quotas: quota(2), adaptive: false }, { clock });
    const sent: number[] = [];
    const send = gate.fetch(async () => {
      sent.push(clock.now());
      return new Response('', { status: 200 });
    });
    const start = clock.now();

    const first = [1, 2].map(() => send('http://localhost/'));
    await Promise.all(first);
    gate.update({ quotas: quota(3) });
    gate.update({ quotas: quota(2) });
    const later = [3, 4].map(() => send('http://localhost/'));
    await clock.advance(2000);
    await Promise.all(later);
    await gate.close();

    expect(sent.slice(0, 2)).to.deep.equal([start, start]);
    expect(sent).to.have.length(4);
    expect(Math.min(...sent.slice(2))).to.be.at.least(start + 1000);
  });
});
