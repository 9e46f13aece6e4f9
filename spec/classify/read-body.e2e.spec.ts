import axios from 'axios';
import { expect } from 'chai';
import {
  DeadlineError,
  type Headgate,
  type HeadgateOptions,
  headgate,
  OptionsError,
  reportOf,
} from 'headgate';
import { slack } from 'headgate/profiles';
import { Agent, request } from 'undici';
import { endings } from '../support/ending.ts';
import { majors } from '../support/majors.ts';
import { TestServer } from '../support/server.ts';

type Send = (url: string) => Promise<unknown>;
type Client = (gate: Headgate) => Send;

/** Clients, each with how to send one request and read its JSON. */
const CLIENTS: Record<string, Client> = {
  ...Object.fromEntries(
    majors.map(({ major, got }): [string, Client] => [
      `got ${major}`,
      (gate) => {
        const gated = gate.got(got);
        return (url) => gated(url).json();
      },
    ]),
  ),
  fetch: (gate) => {
    const fetch = gate.fetch();
    return async (url) => (await fetch(url)).json();
  },
  axios: (gate) => {
    const client = gate.axios(axios.create());
    return async (url) => (await client.get(url)).data;
  },
  undici: (gate) => async (url) => {
    const dispatcher = new Agent().compose(gate.undici());
    try {
      return await (await request(url, { dispatcher })).body.json();
    } finally {
      await dispatcher.close();
    }
  },
  'a function that gives values': (gate) => (url) =>
    gate.wrap(async () => (await fetch(url)).json(), { request: { method: 'GET', url } })(),
};

const GRAPHQL = { match: { path: '/graphql' } };
const refusal = {
  data: null,
  errors: [{ message: 'x', extensions: { code: 'RATE_LIMITED', retry_after: 0.05 } }],
};
const good = { data: { viewer: 'ä'.repeat(2000) } };

for (const [name, client] of Object.entries(CLIENTS)) {
  describe(`A good answer whose body is read, by ${name}`, () => {
    const use = endings();
    let server: TestServer;
    let told: string[];

    beforeEach(async () => {
      server = use(Object.assign(await TestServer.start(), { [Symbol.asyncDispose]: () => server.close() }));
      told = [];
    });

    const open = (options: HeadgateOptions): Send => {
      const gate = use(headgate(options));
      for (const event of ['pause', 'resume', 'retry', 'success', 'failure'] as const) {
        gate.on(event, () => told.push(event));
      }
      return client(gate);
    };
    const answers = (...bodies: readonly unknown[]): void => {
      server.handler = (n, _asked, response) => {
        const body = bodies[Math.min(n, bodies.length) - 1];
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      };
    };

    it('is sent again for all that hold a refusal, and is given whole', async () => {
      const send = open({ readBody: GRAPHQL });
      answers(refusal, refusal, good);
      expect(await send(`${server.url}/graphql`)).to.deep.equal(good);
      expect(told.filter((event) => event === 'retry')).to.have.length(2);
      expect(told).to.include('pause').and.to.include('resume');
      expect(told.at(-1)).to.equal('success');
    });

    it('holds the others of its quota', async () => {
      const send = open({ readBody: GRAPHQL });
      let closed = 0;
      const times: number[] = [];
      server.handler = (n, _asked, response) => {
        times.push(performance.now());
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify(n === 1 ? refusal : good), () => {
            if (n === 1) closed = performance.now();
          });
      };
      const first = send(`${server.url}/graphql`);
      while (!told.includes('pause')) await new Promise((resolve) => setTimeout(resolve, 1));
      await Promise.all([first, send(`${server.url}/graphql`), send(`${server.url}/other`)]);
      expect(times).to.have.length(4);
      // The wait counts from the answer; the clock of the server's side is the same process's.
      expect(Math.min(...times.slice(1)) - closed).to.be.at.least(45);
    });

    it('is given as it is if it holds no refusal, or if nobody asks', async () => {
      const send = open({ readBody: GRAPHQL });
      const partial = { data: {}, errors: [{ message: 'x', extensions: { code: 'NOT_FOUND' } }] };
      answers(partial);
      expect(await send(`${server.url}/graphql`)).to.deep.equal(partial);
      answers(refusal);
      expect(await send(`${server.url}/rest`)).to.deep.equal(refusal);
      expect(told).to.deep.equal(['success', 'success']);
    });

    it('is given unread where it is too long', async () => {
      const send = open({ readBody: GRAPHQL });
      const long = { ...refusal, data: 'x'.repeat(100_000) };
      answers(long);
      expect(await send(`${server.url}/graphql`)).to.deep.equal(long);
      expect(told).to.deep.equal(['success']);
    });

    it('fails at once if the wait is longer than the deadline', async () => {
      const send = open({ readBody: GRAPHQL, retry: { deadline: '5s' } });
      answers({ errors: [{ extensions: { code: 'THROTTLED' }, retry_after: 3600 }] });
      const error = await send(`${server.url}/graphql`).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).to.be.instanceOf(DeadlineError);
      expect(reportOf(error)).to.include({ verdict: 'throttled' });
      expect(told).to.include('failure').and.to.not.include('success');
    });

    it("is read as a profile asks: Slack's errors come with 200", async () => {
      const send = open({ profile: slack() });
      answers({ ok: false, error: 'internal_error' }, { ok: true, channels: [] });
      expect(await send(`${server.url}/api/users.list`)).to.deep.equal({ ok: true, channels: [] });
      answers({ ok: false, error: 'invalid_auth' });
      expect(await send(`${server.url}/api/users.list`)).to.deep.equal({ ok: false, error: 'invalid_auth' });
      expect(told).to.deep.equal(['retry', 'success', 'failure']);
    });
  });
}

describe('The option readBody', () => {
  it('names what is wrong with it', () => {
    const given = (readBody: unknown) => () => headgate({ readBody } as HeadgateOptions);
    expect(given({ match: { path: 'graphql' } })).to.throw(OptionsError, 'readBody.match');
    expect(given({ match: [] })).to.throw(OptionsError, 'readBody.match');
    expect(given({ path: '/graphql' })).to.throw(OptionsError, 'readBody');
    expect(given(true)).to.throw(OptionsError, 'readBody');
  });
});
