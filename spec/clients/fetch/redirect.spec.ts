import { expect } from 'chai';
import { type GatedFetch, type Headgate, headgate } from 'headgate';
import { failureOf, names, record, TestServer } from '../../support/server.ts';

describe('A redirect of fetch', () => {
  let server: TestServer;
  let other: TestServer;
  let gate: Headgate;
  let api: GatedFetch;

  beforeEach(async () => {
    [server, other] = [await TestServer.start(), await TestServer.start()];
    gate = headgate({ retry: { backoff: { base: 5, max: 10 } } });
    api = gate.fetch();
  });
  afterEach(async () => {
    await gate.close();
    await Promise.all([server.close(), other.close()]);
  });

  /** The path `/<status>/<to>` redirects to `/to`, or to the other server; all else is echoed. */
  function route(): void {
    server.handler = (_n, request, response) => {
      const [, status, to] = /^\/(3\d\d)\/(.*)/.exec(request.url ?? '') ?? [];
      request.resume().once('end', () => {
        if (status === undefined) response.end('there');
        else {
          const location = to === 'other' ? `${other.url}/there` : `/${to}`;
          response.writeHead(Number(status), { location }).end('moved');
        }
      });
    };
  }

  it('makes one attempt per leg, and ends as with the bare fetch', async () => {
    const events = record(gate);
    route();
    const [bare, ours] = [await fetch(`${server.url}/302/b#f`), await api(`${server.url}/302/b#f`)];
    for (const response of [ours, ours.clone() as typeof ours]) {
      expect(response.headgate.attempts.map(({ status }) => status)).to.deep.equal([302, 200]);
      expect(response.redirected).to.equal(bare.redirected).and.equal(true);
      expect(response.url).to.equal(bare.url);
      expect(response.type).to.equal(bare.type);
      expect(await response.text()).to.equal('there');
    }
    expect(names(events)).to.deep.equal(['attempt', 'attempt', 'success']);
    expect((await api(server.url)).redirected).to.equal(false);
  });

  for (const status of [301, 302, 303, 307, 308]) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT']) {
      it(`${status} of a ${method} sends what the bare fetch sends`, async () => {
        const seen: unknown[] = [];
        server.handler = (_n, request, response) => {
          let body = '';
          request.on('data', (chunk) => {
            body += String(chunk);
          });
          request.once('end', () => {
            const { 'content-type': type, 'content-length': length, authorization, cookie } = request.headers;
            seen.push([request.method, request.url, body, type, length, authorization, cookie]);
            if (request.url === '/a') response.writeHead(status, { location: '/b' }).end();
            else response.end('b');
          });
        };
        const init: RequestInit = {
          method,
          body: method === 'GET' || method === 'HEAD' ? null : '{}',
          headers: { 'content-type': 'application/json', authorization: 'Mine', cookie: 'a=b' },
        };
        await fetch(`${server.url}/a`, init);
        const bare = seen.splice(0);
        await api(`${server.url}/a`, init);
        expect(seen.splice(0)).to.deep.equal(bare);
        await api(new Request(`${server.url}/a`, init));
        expect(seen).to.deep.equal(bare);
      });
    }
  }

  it('sends no credentials to another origin', async () => {
    route();
    let headers: Record<string, unknown> = {};
    other.handler = (_n, request, response) => {
      headers = request.headers;
      response.end();
    };
    const own = { authorization: 'Mine', cookie: 'a=b', 'proxy-authorization': 'p', 'x-own': 'kept' };
    for (const request of [
      `${server.url}/307/other`,
      new Request(`${server.url}/307/other`, { headers: own }),
    ]) {
      await api(request, { headers: own });
      expect(headers).to.include({ 'x-own': 'kept', host: new URL(other.url).host });
      expect(headers).to.not.have.any.keys('authorization', 'cookie', 'proxy-authorization');
    }
  });

  it('draws on the quota of its target', async () => {
    route();
    const events = record(gate);
    await api(`${server.url}/302/other`);
    const quotas = events
      .filter(({ type }) => type === 'attempt')
      .map((event) => 'quota' in event && event.quota);
    expect(quotas).to.deep.equal([server.url, other.url]);
  });

  it('is resumed from the leg that failed, not from the first', async () => {
    const paths: string[] = [];
    server.handler = (_n, request, response) => {
      paths.push(`${request.method} ${request.url}`);
      request.resume();
      if (request.url === '/a') response.writeHead(303, { location: '/b' }).end();
      else response.writeHead(paths.length < 3 ? 500 : 200).end();
    };
    const response = await api(`${server.url}/a`, { method: 'POST', body: 'order' });
    expect(response.status).to.equal(200);
    expect(paths).to.deep.equal(['POST /a', 'GET /b', 'GET /b']);
  });

  it('is not followed if the user wants none', async () => {
    route();
    const manual = await api(`${server.url}/302/b`, { redirect: 'manual' });
    expect([manual.status, manual.headers.get('location')]).to.deep.equal([302, '/b']);
    const error = await failureOf(api(`${server.url}/302/b`, { redirect: 'error' }));
    expect(error).to.be.instanceOf(TypeError);
    expect(error.headgate.attempts).to.have.length(1);
    expect(server.seen).to.have.length(2);
  });

  it('that leads nowhere fails as with the bare fetch', async () => {
    const locations = ['http://[', 'ftp://127.0.0.1/', `http://user:secret@127.0.0.1:1/`, undefined];
    for (const location of locations) {
      server.handler = (_n, _request, response) =>
        response.writeHead(302, location ? { location } : {}).end('x');
      const [bare, ours] = await Promise.allSettled([fetch(server.url), api(server.url)]);
      expect(ours.status).to.equal(bare.status);
      if (bare.status === 'rejected' && ours.status === 'rejected') {
        expect(ours.reason).to.be.instanceOf(TypeError);
        expect(ours.reason.message).to.equal(bare.reason.message);
        expect(ours.reason.cause).to.be.instanceOf(Error);
      }
      if (ours.status === 'fulfilled') expect(await ours.value.text()).to.equal('x');
    }
  });

  it('is followed at most twenty times', async () => {
    server.handler = (n, _request, response) => response.writeHead(302, { location: `/${n}` }).end();
    const error = await failureOf(api(server.url));
    expect(error.message).to.equal('fetch failed');
    expect((error.cause as Error).message).to.equal('redirect count exceeded');
    expect(server.seen).to.have.length(21);
    expect(error.headgate.attempts).to.have.length(21);
  });

  it('fails with a body that is gone', async () => {
    route();
    const body = new Blob(['once']).stream() as never;
    const error = await failureOf(api(`${server.url}/307/b`, { method: 'POST', body, duplex: 'half' }));
    expect(error.message).to.equal('fetch failed');
    expect(server.seen).to.have.length(1);
  });

  describe('that the given fetch hides', () => {
    /** As in a browser. */
    const hiding = async (input: never, init?: never): Promise<unknown> => {
      const response = await fetch(input, init);
      if ((init as RequestInit | undefined)?.redirect !== 'manual' || response.status !== 302)
        return response;
      await response.body?.cancel();
      const hidden = Response.error();
      Object.defineProperties(hidden, { type: { value: 'opaqueredirect' } });
      return hidden;
    };

    it('is followed by that fetch itself, at the cost of one more attempt for the first leg', async () => {
      route();
      const hidden = gate.fetch(hiding);
      const first = await hidden(`${server.url}/302/b`);
      expect(await first.text()).to.equal('there');
      expect(first.redirected).to.equal(true);
      expect(first.headgate.attempts).to.have.length(2);
      const second = await hidden(`${server.url}/302/b`, { method: 'POST', body: 'x' });
      expect(await second.text()).to.equal('there');
      expect(second.headgate.attempts).to.have.length(1);
    });

    it('is not resent if that could do harm', async () => {
      route();
      const error = await failureOf(gate.fetch(hiding)(`${server.url}/302/b`, { method: 'POST', body: 'x' }));
      expect((error.cause as Error).message).to.match(/hides/);
      expect(server.seen).to.have.length(1);
    });
  });
});
