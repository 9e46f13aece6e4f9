import { once } from 'node:events';
import http from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { type Headgate, headgate } from 'headgate';
import type { Dispatcher } from 'undici';
import { failureOf, names, record, TestServer } from '../../support/server.ts';
import { forEachUndici } from '../../support/undici.ts';

/** A proxy that refuses its first tunnels with these statuses, in turn. */
class Tunnels {
  readonly statuses: number[] = [];
  readonly #server = http.createServer();
  readonly #sockets = new Set<Socket>();

  async start(): Promise<string> {
    this.#server.on('connect', (request, socket: Socket) => {
      this.#keep(socket);
      const status = this.statuses.shift();
      if (status !== undefined) {
        socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
        return;
      }
      const [host, port] = String(request.url).split(':');
      const onward = this.#keep(connect(Number(port), host));
      onward.once('connect', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    return socket;
  }
}

forEachUndici('A gated ProxyAgent', ({ ProxyAgent, fetch, request }) => {
  let server: TestServer;
  let proxy: Tunnels;
  let agent: Dispatcher;
  let gate: Headgate;

  beforeEach(async () => {
    server = await TestServer.start();
    proxy = new Tunnels();
    agent = new ProxyAgent({ uri: await proxy.start(), proxyTunnel: true });
    gate = headgate({ adaptive: false, retry: { attempts: 3, backoff: { base: 2, max: 4 } } });
  });
  afterEach(async () => {
    await agent.destroy();
    proxy.close();
    await Promise.all([gate.close(), server.close()]);
  });

  it('requests a tunnel again that was refused for now, whatever the method, and sends once', async () => {
    const dispatcher = agent.compose(gate.undici());
    const asked = { dispatcher, method: 'POST', body: 'x' } as const;
    proxy.statuses.push(503, 429);
    const events = record(gate);
    const { statusCode, body } = await request(server.url, asked);
    await body.dump();
    expect(statusCode).to.equal(200);
    expect(names(events).filter((name) => name === 'retry')).to.have.length(2);
    expect(server.seen.map((each) => each.body)).to.deep.equal(['x']);
    expect(gate.quotas()[0]).to.include({ inFlight: 0, queued: 0 });
  });

  it('is read through fetch too', async () => {
    proxy.statuses.push(502);
    const dispatcher = agent.compose(gate.undici());
    const response = await fetch(server.url, { dispatcher, method: 'POST', body: 'x' });
    expect([response.status, await response.text()]).to.deep.equal([200, '{}']);
    expect(server.seen).to.have.length(1);
  });

  it('sends a stream for which no tunnel had been opened', async () => {
    proxy.statuses.push(502);
    const dispatcher = agent.compose(gate.undici());
    const body = Readable.from(['once']);
    const { statusCode } = await request(server.url, { dispatcher, method: 'POST', body });
    expect(statusCode).to.equal(200);
    expect(server.seen.map((each) => each.body)).to.deep.equal(['once']);
  });

  it("is read by gate.fetch over undici's own fetch too", async () => {
    proxy.statuses.push(502);
    const gated = gate.fetch(((input: string, init: object) =>
      fetch(input, { ...init, dispatcher: agent } as never)) as never);
    const response = await gated(server.url, { method: 'POST', body: 'x' });
    expect([response.status, server.seen.length]).to.deep.equal([200, 1]);
  });

  it('fails at once if its proxy asks for credentials, and says so', async () => {
    proxy.statuses.push(407, 407, 407);
    const error = await failureOf(request(server.url, { dispatcher: agent.compose(gate.undici()) }));
    expect(error.headgate).to.include({ verdict: 'terminal', reason: 'terminal' });
    expect(error.headgate.hint).to.match(/credentials/);
    expect(proxy.statuses).to.have.length(2);
  });
});
