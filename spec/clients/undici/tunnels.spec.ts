import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expect } from 'chai';
import { type Headgate, headgate } from 'headgate';
import type { Agent } from 'undici';
import { record, sleep } from '../../support/server.ts';
import { forEachUndici } from '../../support/undici.ts';

/** A server that switches protocols, and opens tunnels but to `refused`. */
async function listen(): Promise<{ url: string; server: http.Server; sockets: Set<Socket> }> {
  const server = http.createServer((_request, response) => response.end('{}'));
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.on('upgrade', (_request, socket) =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: chat\r\n\r\n'),
  );
  server.on('connect', ({ url }, socket) =>
    socket.write(`HTTP/1.1 ${url?.startsWith('refused') ? '503 Busy' : '200 OK'}\r\n\r\n`),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, sockets };
}

forEachUndici('A tunnel or an upgraded connection', ({ Agent, connect, upgrade }) => {
  let end: Awaited<ReturnType<typeof listen>>;
  let gate: Headgate;
  let agent: Agent;

  beforeEach(async () => {
    end = await listen();
    gate = headgate({ adaptive: false, quotas: [{ name: 'one', concurrency: 1, match: {} }] });
    agent = new Agent();
  });
  afterEach(async () => {
    for (const socket of end.sockets) socket.destroy();
    end.server.close();
    await Promise.all([agent.destroy(), gate.close()]);
  });

  async function closed(socket: { destroy(): unknown; on(event: string, listener: () => void): unknown }) {
    socket.on('error', () => undefined);
    socket.destroy();
    for (let waited = 0; gate.quotas()[0]?.inFlight !== 0 && waited < 1000; waited += 5) await sleep(5);
  }

  it('is one attempt at the requested server, in flight until it is closed', async () => {
    const dispatcher = agent.compose(gate.undici());
    const events = record(gate);
    // when a protocol is switched
    const switched = await upgrade(`${end.url}/chat`, { dispatcher, protocol: 'chat' });
    expect(gate.quotas()[0]).to.include({ inFlight: 1 });
    await closed(switched.socket);
    expect(gate.quotas()[0]).to.include({ inFlight: 0 });
    // and a tunnel opened
    const tunnel = await connect(end.url, { dispatcher, path: '/api.example.com:443' } as never);
    expect(tunnel.statusCode).to.equal(200);
    expect(gate.quotas()[0]).to.include({ inFlight: 1 });
    await closed(tunnel.socket);
    // then each is told once, as a success
    const ended = events.filter(({ type }) => type === 'success' || type === 'failure');
    expect(ended.map(({ type }) => type)).to.deep.equal(['success', 'success']);
    expect(ended.map((each) => (each as { method: string }).method)).to.deep.equal(['GET', 'CONNECT']);
    expect(ended.map((each) => (each as { url: string }).url)).to.deep.equal([
      `${end.url}/chat`,
      `${end.url}/api.example.com:443`,
    ]);
  });

  it('is in flight while its socket is open, even if that closed before it was passed on', async () => {
    const dispatcher = agent.compose(gate.undici());
    const { socket } = await connect(end.url, { dispatcher, path: '/a:1' } as never);
    await closed(socket);
    const again = await connect(end.url, { dispatcher, path: '/a:1' } as never);
    await closed(again.socket);
    expect(gate.quotas()[0]).to.include({ inFlight: 0, queued: 0 });
  });

  it('that is refused is a failure, passed to the user as it is', async () => {
    const dispatcher = agent.compose(gate.undici());
    const events = record(gate);
    const given = await new Promise<{ statusCode: number; socket: Socket }>((resolve, reject) => {
      dispatcher.connect({ origin: end.url, path: 'refused:443' } as never, (error, data) => {
        if (error) reject(error);
        else resolve(data as never);
      });
    });
    expect(given.statusCode).to.equal(503);
    await closed(given.socket);
    expect(events.at(-1)).to.include({ type: 'failure', status: 503, verdict: 'transient' });
  });
});
