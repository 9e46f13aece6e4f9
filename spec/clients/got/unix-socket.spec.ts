import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Headgate, headgate } from 'headgate';
import { forEachMajor } from '../../support/majors.ts';

forEachMajor('Over Unix sockets', (got) => {
  let folder: string;
  let gate: Headgate;
  let servers: http.Server[];
  let seen: string[];

  const socket = (name: string): string => join(folder, name);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gate.'));
    seen = [];
    gate = headgate({
      auth: { token: () => ({ token: 'T' }) },
      quotas: [{ name: 'items', match: { path: '/items/{id}' } }],
    });
    servers = ['a..b.sock', 'B.sock'].map((name) => {
      const server = http.createServer((request, response) => {
        seen.push(`${name} ${request.url} ${request.headers.authorization}`);
        const location = `http://unix:${socket('B.sock')}:/x`;
        if (request.url === '/away') response.writeHead(302, { location }).end();
        else response.end('{}');
      });
      return server.listen(socket(name));
    });
    await Promise.all(servers.map((server) => server.listening || once(server, 'listening')));
  });
  afterEach(async () => {
    await gate.close();
    for (const server of servers) server.close();
    await rm(folder, { recursive: true });
  });

  it('each socket has a quota of its own, and paths are those on the server', async () => {
    const api = gate.got(got).extend({ enableUnixSockets: true });
    const quotas = new Set<string>();
    gate.on('attempt', ({ quota }) => quotas.add(quota));
    await api(`unix:${socket('a..b.sock')}:/one?q=1`);
    await api(`http://unix:${socket('a..b.sock')}:/two`);
    await api('three', { prefixUrl: `http://unix:${socket('a..b.sock')}:` });
    expect(quotas.size).to.equal(1);
    await api(`HTTP://UNIX:${socket('B.sock')}:/items/7`);
    await api(`unix:${socket('B.sock')}:/one`);
    expect([...quotas][1]).to.equal('items');
    expect(quotas.size).to.equal(3);
  });

  it('a token does not go to another socket', async () => {
    const api = gate.got(got).extend({ enableUnixSockets: true });
    // got 15 and 16 refuse the redirect itself.
    await api(`unix:${socket('a..b.sock')}:/away`).catch((error: Error) => {
      expect(error.message).to.include('Cannot redirect to UNIX socket');
    });
    expect(seen[0]).to.equal('a..b.sock /away Bearer T');
    expect(seen.slice(1).join()).not.to.include('Bearer');
  });
});
