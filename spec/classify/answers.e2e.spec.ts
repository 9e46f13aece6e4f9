import { expect } from 'chai';
import { headgate } from 'headgate';
import { endings } from '../support/ending.ts';
import { TestServer } from '../support/server.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

describe('On the wire, an answer that is read by its body', () => {
  const ending = endings();
  const servers: TestServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });

  it('of a secondary limit with status 403 closes the quota: one is refused, none is sent in the pause, none fails', async () => {
    const server = await TestServer.start();
    servers.push(server);
    const gate = ending(headgate());
    let refusedAt = 0;
    server.handler = (n, _request, response) => {
      if (n > 1) {
        response.end('{}');
        return;
      }
      refusedAt = performance.now();
      response.writeHead(403, { ...JSON_TYPE, 'retry-after': '1' });
      response.end('{"message":"You have exceeded a secondary rate limit."}');
    };
    const send = gate.fetch();
    const first = send(server.url);
    await new Promise((resolve) => gate.once('pause', resolve));
    const rest = Array.from({ length: 39 }, () => send(server.url));

    const statuses = (await Promise.all([first, ...rest])).map(({ status }) => status);

    expect(new Set(statuses)).to.deep.equal(new Set([200]));
    expect(server.seen).to.have.length(41);
    expect((server.seen[1]?.at ?? 0) - refusedAt).to.be.at.least(999);
  });

  it('of an empty purse with status 429 costs one attempt, and its hint says so', async () => {
    const server = await TestServer.start();
    servers.push(server);
    const gate = ending(headgate());
    server.handler = (_n, _request, response) => {
      response.writeHead(429, JSON_TYPE);
      response.end('{"error":{"code":"insufficient_quota","type":"insufficient_quota","message":"x"}}');
    };
    const failure = new Promise<{ reason: string; hint?: string | undefined }>((resolve) =>
      gate.once('failure', resolve),
    );

    const { status } = await gate.fetch()(server.url);

    expect(status).to.equal(429);
    expect(server.seen).to.have.length(1);
    expect((await failure).reason).to.equal('terminal');
  });

  it('of AWS with status 400 is throttled: thirty calls, none fails', async () => {
    const server = await TestServer.start();
    servers.push(server);
    const gate = ending(headgate({ retry: { backoff: { base: '50ms' } } }));
    let windowAt = 0;
    let count = 0;
    server.handler = (_n, _request, response) => {
      const now = performance.now();
      if (now - windowAt > 200) {
        windowAt = now;
        count = 0;
      }
      if (++count <= 5) {
        response.end('{}');
        return;
      }
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(
        '{"__type":"com.amazon.coral.availability#ThrottlingException","message":"Rate exceeded"}',
      );
    };
    const send = gate.fetch();

    const statuses = await Promise.all(
      Array.from({ length: 30 }, async () => (await send(server.url)).status),
    );

    expect(statuses).to.deep.equal(Array(30).fill(200));
  });
});
