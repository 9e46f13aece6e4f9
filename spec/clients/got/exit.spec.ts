import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { TestServer } from '../../support/server.ts';

/** What a process prints that plays a scene, once it has ended by itself. */
async function play(scene: string, url: string): Promise<string> {
  const file = new URL('../../support/exit.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--conditions=headgate-source', file, scene, url]);
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    text += String(chunk);
  });
  const [code] = await once(child, 'close');
  expect(code, text).to.equal(0);
  return text.trim();
}

describe('A process', () => {
  let server: TestServer;

  beforeEach(async () => {
    server = await TestServer.start();
  });
  afterEach(() => server.close());

  it('ends by itself when its calls are done, even if a window is used up for an hour', () =>
    play('idle', server.url));

  it('ends by itself when the call that waited was aborted', () => play('aborted', server.url));

  it('does not end while a call waits for a quota to reopen', async () => {
    server.replies({ status: 429, headers: { 'retry-after': '1' } });
    expect(await play('paused', server.url)).to.equal('answered\nexit');
    expect(server.seen).to.have.length(2);
  });

  for (const scene of ['token', 'sign']) {
    it(`does not end before the deadline ends a call whose ${scene} hangs`, async () => {
      expect(await play(scene, server.url)).to.equal('DeadlineError');
    });
  }

  it('ends by itself when a gate is closed while a token source hangs', () => play('closed', server.url));

  it('sees a rejection that nobody awaits', async () => {
    server.replies({ status: 404 });
    expect(await play('unawaited', server.url)).to.equal('unhandled HTTPError');
  });
});
