import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import axios from 'axios';
import { expect } from 'chai';
import * as module from 'got';
import { type Headgate, headgate, OptionsError } from 'headgate';
import ky from 'ky';
import { forEachMajor, majors } from '../../support/majors.ts';
import { failureOf, names, record, TestServer } from '../../support/server.ts';

forEachMajor('What is reported of a call', (got) => {
  let server: TestServer;
  let gate: Headgate;

  beforeEach(async () => {
    server = await TestServer.start();
    gate = headgate({ retry: { backoff: { base: 1, max: 2 } } });
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  for (const [what, call] of [
    ['by a method', (api: typeof got, url: string) => api(url).json()],
    [
      'by an option',
      (api: typeof got, url: string) => api(url, { responseType: 'json' }) as Promise<unknown>,
    ],
  ] as const) {
    it(`is one failure with its record if a good response cannot be parsed: ${what}`, async () => {
      server.handler = (_n, _request, response) => response.end('no JSON');
      const events = record(gate);
      const error = await failureOf(call(gate.got(got), server.url));
      expect(error.name).to.equal('ParseError');
      expect(error.headgate).to.include({ reason: 'terminal' });
      expect(error.headgate.attempts).to.have.length(1);
      expect(names(events)).to.deep.equal(['attempt', 'failure']);
    });
  }

  it('is a success, with the record, if a response is parsed after it was returned', async () => {
    server.handler = (_n, _request, response) => response.end('no JSON');
    const events = record(gate);
    const promise = gate.got(got)(server.url);
    await promise;
    const error = await failureOf(promise.json());
    expect(error.headgate.attempts[0]).to.include({ status: 200 });
    expect(names(events)).to.deep.equal(['attempt', 'success']);
  });

  it('is one success if several methods parse one response', async () => {
    server.replies();
    const events = record(gate);
    const promise = gate.got(got)(server.url);
    const parsed = await Promise.all([
      promise.json(),
      promise.text(),
      promise.buffer().then((bytes) => Buffer.from(bytes).toString()),
    ]);
    expect(parsed).to.deep.equal([{}, '{}', '{}']);
    expect(names(events)).to.deep.equal(['attempt', 'success']);
  });

  it('is an unhandled rejection if nobody awaits the parsed body', async () => {
    server.handler = (_n, _request, response) => response.end('no JSON');
    const unheard = new Promise((resolve) => process.prependOnceListener('unhandledRejection', resolve));
    const others = process.listeners('unhandledRejection').slice(1);
    for (const other of others) process.off('unhandledRejection', other as never);
    void gate.got(got)(server.url).json();
    const error = await unheard;
    for (const other of others) process.on('unhandledRejection', other as never);
    expect((error as Error).name).to.equal('ParseError');
  });

  for (const [headgate, path] of [
    [{ priorty: 1 }, 'headgate.priorty'],
    [{ deadline: 'soon' }, 'headgate.deadline'],
    ['urgent', 'headgate'],
    [null, 'headgate'],
  ] as const) {
    it(`is an OptionsError that names the option, once and without a request: ${path}`, async () => {
      const api = gate.got(got).extend({ retry: { limit: 5 } });
      const options = { context: { headgate } };
      const failures = [
        await failureOf(api(server.url, options)),
        await failureOf(api(server.url, options).json()),
        await failureOf(api.extend(options)(server.url)),
        await failureOf(api.paginate.all(server.url, options as never)),
        await failureOf((async () => api.stream(server.url, options))()),
      ];
      for (const error of failures) {
        expect(error).to.be.instanceOf(OptionsError);
        expect(error).to.include({ option: path });
      }
      expect(server.seen).to.have.length(0);
    });
  }

  for (const encoding of ['gzip', 'br', 'deflate']) {
    for (const [status, verdict] of [
      [429, 'throttled'],
      [503, 'transient'],
      [404, 'terminal'],
    ] as const) {
      const headers = { 'content-encoding': encoding, 'retry-after-ms': '5' };
      const title = `is the verdict of the status where the body of a ${status} cannot be unpacked (${encoding})`;

      it(title, async () => {
        server.handler = (n, _request, response) => {
          if (n === 2) response.end('{}');
          else response.writeHead(status, headers).end('this was never packed');
        };
        const events = record(gate);
        const ended = await gate
          .got(got)(server.url)
          .catch((error: Error) => error);
        const told = events.find(({ type }) => type === 'retry' || type === 'failure');
        expect(told).to.include({ verdict, status });
        expect(ended instanceof Error).to.equal(verdict === 'terminal');
      });

      it(`${title}, of a stream`, async () => {
        server.handler = (_n, _request, response) => response.writeHead(status, headers).end('never packed');
        const events = record(gate);
        const stream = gate.got(got).stream(server.url);
        const error = await failureOf(Readable.prototype.toArray.call(stream));
        expect(events.find(({ type }) => type === 'failure')).to.include({ verdict, status });
        expect(error.headgate).to.include({ verdict });
      });
    }
  }

  it('is a fault if the body of a good response cannot be decompressed', async () => {
    server.handler = (n, _request, response) => {
      const packed = gzipSync('{}');
      response.setHeader('content-encoding', 'gzip');
      response.end(n === 1 ? packed.subarray(0, 12) : packed);
    };
    await gate.got(got)(server.url);
    expect(server.seen).to.have.length(2);
  });
});

describe('A value that is not a got instance', () => {
  const [{ got }] = majors as unknown as [{ got: object }];
  const got11 = Object.assign(() => undefined, {
    extend: () => undefined,
    mergeOptions: () => undefined,
    defaults: { options: {}, handlers: [], mutableDefaults: false },
  });
  for (const [what, given, remedy] of [
    ['nothing', undefined, /got undefined/],
    ['null', null, /got null/],
    ['a plain function', () => undefined, /got a function/],
    ['an object with extend()', { extend: () => undefined }, /got an object/],
    ['got 11', got11, /older got: update it/],
    ['ky', ky, /ky: give it the option fetch: gate\.fetch\(\)/],
    ['axios', axios, /axios: use gate\.axios\(\)/],
    ['the module', module, /default export/],
    ['the promise of the module', import('got'), /await/],
    ['the promise of an instance', Promise.resolve(got), /await/],
    ['fetch', fetch, /got a function/],
  ] as const) {
    it(`is refused, with advice: ${what}`, async () => {
      const gate = headgate();
      try {
        expect(() => gate.got(given as never))
          .to.throw(OptionsError, /a got instance, version 14 or later/)
          .with.property('message')
          .that.matches(remedy);
      } finally {
        await gate.close();
      }
    });
  }
});
