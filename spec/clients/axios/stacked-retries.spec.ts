import axios from 'axios';
import axiosRetry from 'axios-retry';
import { expect } from 'chai';
import { type Headgate, headgate } from 'headgate';
import * as rax from 'retry-axios';
import { failureOf, names, record, TestServer } from '../../support/server.ts';

describe('axios-retry over a gate', () => {
  let server: TestServer;
  let gate: Headgate;

  beforeEach(async () => {
    server = await TestServer.start();
    gate = headgate({ retry: { attempts: 2, backoff: { base: 5, max: 10 }, budget: false } });
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  for (const first of ['axios-retry', 'the gate']) {
    it(`makes no attempts of its own, and is reported once: ${first} first`, async () => {
      const events = record(gate);
      const api = axios.create();
      if (first === 'the gate') gate.axios(api);
      axiosRetry(api, { retries: 3 });
      gate.axios(api);
      server.replies(...Array.from({ length: 20 }, () => ({ status: 503 })));
      for (let call = 0; call < 2; call += 1) {
        const error = await failureOf(api.get(server.url, { 'axios-retry': { retries: 5 } }));
        expect(error).to.be.instanceOf(axios.AxiosError);
      }
      expect(server.seen).to.have.length(4);
      const warnings = events.filter(({ type }) => type === 'warning');
      expect(warnings).to.have.length(1);
      expect(warnings[0]).to.include({ code: 'stacked-retries' });
      expect(names(events).filter((name) => name === 'failure')).to.have.length(2);
    });
  }
});

describe('retry-axios over a gate', () => {
  for (const [what, config, attempts] of [
    ['with options: it makes none of its own', { raxConfig: { retry: 4 } }, 2],
    ['without options: it is stopped at its first', {}, 4],
    ['with a choice of its own', { raxConfig: { shouldRetry: () => true } }, 2],
    ['turned off', { raxConfig: { retry: 0 } }, 2],
  ] as const) {
    it(`is reported, ${what}`, async () => {
      const server = await TestServer.start();
      const gate = headgate({ retry: { attempts: 2, backoff: { base: 1, max: 1 }, budget: false } });
      const api = gate.axios(axios.create());
      rax.attach(api);
      const codes: string[] = [];
      gate.on('warning', ({ code }) => codes.push(code));
      server.handler = (_n, _request, response) => response.writeHead(503).end();
      await failureOf(api.get(server.url, config as never));
      expect(server.seen).to.have.length(attempts);
      expect(codes).to.deep.equal(what === 'turned off' ? [] : ['stacked-retries']);
      await gate.close();
      await server.close();
    });
  }
});
