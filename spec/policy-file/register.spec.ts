import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { headgate, OptionsError } from 'headgate';
import { optionsIn } from '../../lib/policy-file/load.ts';

const ROOT = path.join(import.meta.dirname, '../..');

/** A program that knows nothing of Headgate: each path of its server answers 429 at first. */
const program = (send: string): string => `
import { createServer } from 'node:http';
const met = new Set();
const at = [];
const server = createServer((request, response) => {
  at.push(performance.now());
  const first = !met.has(request.url);
  met.add(request.url);
  response.writeHead(first ? 429 : 200, first ? { 'retry-after-ms': '300' } : { 'content-type': 'application/json' });
  response.end('{}');
}).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const url = 'http://127.0.0.1:' + server.address().port;
const statuses = await (async () => { ${send} })();
console.log(JSON.stringify({ statuses, gaps: at.slice(1).map((moment, index) => Math.round(moment - at[index])) }));
server.close();
server.closeAllConnections();
`;

const clients: Record<string, string> = {
  fetch: `return [(await fetch(url + '/a')).status]`,
  undici6: `const { request } = await import('undici6'); return [(await request(url + '/a')).statusCode]`,
  undici7: `const { request } = await import('undici7'); return [(await request(url + '/a')).statusCode]`,
  undici: `const { request } = await import('undici'); return [(await request(url + '/a')).statusCode]`,
  'SDKs that use fetch': `const { OpenAI } = await import('openai');
    await new OpenAI({ baseURL: url, apiKey: 'x', maxRetries: 0 }).models.list();
    const { Octokit } = await import('@octokit/core');
    return [(await new Octokit({ baseUrl: url }).request('GET /user')).status]`,
};

describe('node --import headgate/register', function () {
  this.timeout(60_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(ROOT, 'spec/policy-file/.programs-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function run(
    code: string,
    env: Record<string, string> = {},
  ): Promise<{ out: string; err: string; exit: number }> {
    const file = path.join(folder, 'app.mjs');
    await writeFile(file, code);
    const args = ['--conditions=headgate-source', '--import', 'headgate/register', file];
    const child = spawn(process.execPath, args, { cwd: ROOT, env: { ...process.env, ...env } });
    let [out, err] = ['', ''];
    child.stdout.on('data', (data) => {
      out += data;
    });
    child.stderr.on('data', (data) => {
      err += data;
    });
    const [exit] = await once(child, 'close');
    return { out, err, exit };
  }

  for (const [name, send] of Object.entries(clients))
    it(`gates ${name} of a program as it is, and lets it end`, async () => {
      const { out, exit, err } = await run(program(send));
      expect(exit, err).to.equal(0);
      const { statuses, gaps } = JSON.parse(out) as { statuses: number[]; gaps: number[] };
      expect(statuses).to.deep.equal([200]);
      const refusals = gaps.filter((_, index) => index % 2 === 0);
      expect(refusals).to.have.length(name.startsWith('SDKs') ? 2 : 1);
      for (const gap of refusals) expect(gap).to.be.at.least(300);
    });

  it('follows the policy that HEADGATE_POLICY names', async () => {
    const policy = path.join(folder, 'policy.json');
    await writeFile(policy, '{"retry": {"attempts": 1}}');
    const { out } = await run(program(clients.fetch as string), { HEADGATE_POLICY: policy });
    expect(JSON.parse(out)).to.deep.equal({ statuses: [429], gaps: [] });
  });

  it('without a policy file, follows the HEADGATE_… variables', async () => {
    const { out } = await run(program(clients.fetch as string), { HEADGATE_RETRY_ATTEMPTS: '1' });
    expect(JSON.parse(out)).to.deep.equal({ statuses: [429], gaps: [] });
  });

  for (const [variable, value, message] of [
    ['HEADGATE_RETRY_ATTEMPT', '3', /'HEADGATE_RETRY_ATTEMPT': expected one of .*HEADGATE_RETRY_ATTEMPTS/],
    ['HEADGATE_RETRY_ATTEMPTS', 'many', /'environment\.retry\.attempts': expected .*"many"/],
    ['HEADGATE_PROFILE', 'gitlab', /'environment\.profile': expected .*github/],
  ] as const)
    it(`without a policy file, refuses ${variable}=${value}`, () => {
      expect(() => headgate(optionsIn({ [variable]: value }))).to.throw(OptionsError, message);
    });

  it('of a wrong policy prints one line and exits with 2', async () => {
    const policy = path.join(tmpdir(), 'headgate-no-such-policy.json');
    const { out, err, exit } = await run('console.log("ran")', { HEADGATE_POLICY: policy });
    expect({ out, exit }).to.deep.equal({ out: '', exit: 2 });
    expect(err).to.match(/^headgate\/register: .*a file that can be read.*\n$/);
  });
});
