import { expect } from 'chai';
import type { Got } from 'got';
import { type Headgate, headgate, type Token, type TokenSource } from 'headgate';
import { forEachMajor } from '../../support/majors.ts';
import { failureOf, names, record, TestServer } from '../../support/server.ts';

forEachMajor('A token', (got) => {
  let server: TestServer;
  let other: TestServer;
  let sent: (string | undefined)[];
  let fetched: (string | undefined)[];
  let valid: string;
  const gates: Headgate[] = [];

  beforeEach(async () => {
    [server, other] = [await TestServer.start(), await TestServer.start()];
    [sent, fetched, valid] = [[], [], 't1'];
    server.handler = (_n, request, response) => {
      sent.push(request.headers.authorization);
      if (request.url === '/away') response.writeHead(307, { location: other.url }).end();
      else response.writeHead(request.headers.authorization === `Bearer ${valid}` ? 200 : 401).end('{}');
    };
  });
  afterEach(async () => {
    for (const gate of gates.splice(0)) await gate.close();
    await Promise.all([server.close(), other.close()]);
  });

  function client(auth: Partial<TokenSource> = {}): { api: Got; gate: Headgate } {
    const token: TokenSource['token'] = ({ previous }) => {
      fetched.push(previous);
      return { token: `t${fetched.length}` };
    };
    const gate = headgate({ auth: { token, ...auth } });
    gates.push(gate);
    return { api: gate.got(got), gate };
  }

  it('is fetched once for all calls that need it', async () => {
    const { api } = client();
    await Promise.all(Array.from({ length: 20 }, () => api(server.url)));
    expect(fetched).to.deep.equal([undefined]);
    expect(new Set(sent)).to.deep.equal(new Set(['Bearer t1']));
  });

  it('is renewed once for all when it is refused, and each call resent once', async () => {
    const { api, gate } = client();
    await api(server.url);
    valid = 't2';
    const events = record(gate);
    await Promise.all(Array.from({ length: 5 }, () => api(server.url)));
    expect(fetched).to.deep.equal([undefined, 't1']);
    expect(names(events).filter((name) => name === 'retry').length).to.be.within(1, 5);
  });

  it('that is refused twice ends the call', async () => {
    valid = 'never';
    const { api } = client();
    const error = await failureOf(api(server.url));
    expect(error.name).to.equal('HTTPError');
    expect(error.headgate).to.include({ verdict: 'unauthorized', reason: 'terminal' });
    expect(sent).to.deep.equal(['Bearer t1', 'Bearer t2']);
  });

  it('is renewed before it expires', async () => {
    let fetches = 0;
    const { api } = client({
      token: () => {
        fetches += 1;
        valid = `e${fetches}`;
        return { token: valid, expiresAt: Date.now() + (fetches === 1 ? 100 : 60_000) };
      },
    });
    await api(server.url);
    await new Promise((resolve) => setTimeout(resolve, 120));
    await api(server.url);
    expect(sent).to.deep.equal(['Bearer e1', 'Bearer e2']);
  });

  it('that cannot be fetched fails the call with that error, and is requested again by the next call', async () => {
    let fetches = 0;
    const { api } = client({
      token: async () => {
        fetches += 1;
        if (fetches === 1) throw new Error('no token today');
        return { token: 't1' };
      },
    });
    const error = await failureOf(api(server.url));
    expect(error.message).to.include('no token today');
    expect(error.headgate.attempts).to.have.length(0);
    await api(server.url);
  });

  for (const given of [null, {}, { token: '' }, { token: 'SECRET\r\nx: y' }, { token: 'SECRÉT' }]) {
    it(`that no header can carry fails the call, and is not shown: ${JSON.stringify(given)}`, async () => {
      const { api, gate } = client({ token: () => given as Token });
      for (const call of [api(server.url), gate.fetch()(server.url)]) {
        const failure = await failureOf(call);
        expect(failure.message).to.include("Option 'auth'").and.not.include('SEC');
        expect(failure.headgate).to.deep.include({ reason: 'terminal', attempts: [] });
      }
      expect(sent).to.deep.equal([]);
    });
  }

  it("does not go to another origin, and does not replace the user's own", async () => {
    let leaked: string | undefined;
    other.handler = (_n, request, response) => {
      leaked = request.headers.authorization;
      response.end('{}');
    };
    const { api } = client();
    await api(`${server.url}/away`);
    expect(leaked).to.equal(undefined);
    await failureOf(api(server.url, { headers: { authorization: 'Mine' } }));
    expect(sent).to.deep.equal(['Bearer t1', 'Mine']);
  });

  it('may come from an Azure credential', async () => {
    const gate = headgate({
      auth: { getToken: async () => ({ token: 't1', expiresOnTimestamp: Date.now() + 3_600_000 }) },
    });
    gates.push(gate);
    await gate.got(got)(server.url);
    expect(sent).to.deep.equal(['Bearer t1']);
  });
});
