import { expect } from 'chai';
import { stub } from 'sinon';
import { last, rejection, send, soon, statuses, until } from '../scene.ts';
import type { Laws } from './law.ts';

export const telling: Laws = {
  'the events of a good call are told in order': async (scene) => {
    const stage = scene.stage();
    await send(stage, { url: scene.url });
    expect(stage.told()).to.deep.equal(['attempt', 'success']);
  },
  'the events of a fault are told in order': async (scene) => {
    const stage = scene.stage();
    scene.server.replies({ status: 500 }, { status: 404 });
    await rejection(stage.client.send({ url: scene.url }));
    expect(stage.told()).to.deep.equal(['attempt', 'retry', 'attempt', 'failure']);
  },
  'the events of a throttled call are told in order': async (scene) => {
    const stage = scene.stage();
    scene.server.replies({ status: 429, headers: { 'retry-after-ms': '300' } });
    await send(stage, { url: scene.url });
    expect(stage.told()).to.deep.equal([
      'attempt',
      'pause',
      'retry',
      'queued',
      'resume',
      'attempt',
      'success',
    ]);
  },
  'a pause is told before it ends, however late the body of its refusal comes': async (scene) => {
    const stage = scene.stage();
    scene.server.handler = (n, _request, response) => {
      if (n > 1) {
        response.end('{}');
        return;
      }
      response.writeHead(429, { 'retry-after-ms': '30' });
      response.write('{');
      setTimeout(() => response.end('}'), 150);
    };
    await send(stage, { url: scene.url });
    const told = stage.told().filter((name) => name === 'pause' || name === 'resume');
    expect(told).to.deep.equal(['pause', 'resume']);
  },
  'the record equals what was on the wire': async (scene) => {
    const stage = scene.stage();
    scene.server.replies(
      { status: 500, headers: { 'x-request-id': 'a' } },
      { status: 429, headers: { 'retry-after-ms': '30', 'x-request-id': 'b' } },
      { status: 400, headers: { 'x-request-id': 'c' } },
    );
    await rejection(stage.client.send({ url: scene.url }));
    const { attempts } = last(stage);
    expect(statuses({ attempts })).to.deep.equal([500, 429, 400]);
    expect(attempts.map(({ correlationId }) => correlationId)).to.deep.equal(['a', 'b', 'c']);
    const { seen } = scene.server;
    expect(seen).to.have.length(3);
    for (const [index, attempt] of attempts.entries()) {
      expect(attempt.durationMs).to.be.at.least(0);
      const next = attempts[index + 1];
      if (!next) continue;
      expect(next.startedAt - attempt.startedAt).to.be.at.least(Math.floor(attempt.delayMs ?? 0));
      const apart = (seen[index + 1]?.at ?? 0) - (seen[index]?.at ?? 0);
      expect(apart).to.be.within(0, 5_000);
    }
  },
  'the result carries the record': async (scene) => {
    const stage = scene.stage();
    scene.server.replies({ status: 500 });
    const { report } = await send(stage, { url: scene.url });
    expect(report && statuses(report), 'record').to.deep.equal([500, 200]);
    expect(report).to.include({ call: last(stage).call, verdict: 'success', reason: undefined });
  },
  'the thrown error carries the record': async (scene) => {
    const stage = scene.stage();
    scene.server.replies({ status: 404, headers: { 'x-request-id': 'id-1' } });
    const { headgate } = await rejection(stage.client.send({ url: scene.url }));
    expect(headgate, 'record').to.include({ verdict: 'terminal', correlationId: 'id-1' });
    expect(headgate.attempts).to.have.length(1);
  },
  'every call has one ending': async (scene) => {
    const stage = scene.stage({ retry: { attempts: 2 } });
    const statusOf = [200, 404, 500, 429];
    scene.server.handler = (n, _request, response) =>
      response.writeHead(statusOf[n % 4] as number, { 'retry-after-ms': '1' }).end('{}');
    await Promise.allSettled(Array.from({ length: 20 }, () => send(stage, { url: scene.url })));
    const ended = new Map<string, number>();
    const begun = new Set<string>();
    for (const event of stage.events) {
      if (event.type === 'attempt') begun.add(event.call);
      if (event.type !== 'success' && event.type !== 'failure') continue;
      ended.set(event.call, (ended.get(event.call) ?? 0) + 1);
    }
    expect(begun.size).to.equal(20);
    expect([...ended.keys()].sort()).to.deep.equal([...begun].sort());
    expect(new Set(ended.values())).to.deep.equal(new Set([1]));
    expect(stage.told().filter((name) => name === 'attempt')).to.have.length(scene.server.seen.length);
  },
  'events tell one call, and no secrets': async (scene) => {
    const stage = scene.stage();
    scene.server.replies({ status: 500 });
    await send(stage, { url: `${scene.url}p?sig=secret&x=1` });
    const { call } = last(stage);
    for (const event of stage.events) {
      if ('call' in event) expect(event.call).to.equal(call);
      if ('url' in event) expect(event.url).to.equal(`${scene.url}p?sig=REDACTED&x=1`);
    }
  },
  'a listener that throws breaks no call': async (scene) => {
    const stage = scene.stage();
    stage.gate.on('attempt', () => {
      throw new Error('of the listener');
    });
    const warn = stub(process, 'emitWarning');
    try {
      expect((await send(stage, { url: scene.url })).status).to.equal(200);
      expect(String(warn.firstCall.args[0])).to.include('of the listener');
    } finally {
      warn.restore();
    }
  },
  'options of a call that are wrong are its rejection': async (scene) => {
    const stage = scene.stage();
    const error = await rejection(stage.client.send({ url: scene.url, headgate: { deadline: 'soon' } }));
    expect(error.name).to.equal('OptionsError');
    expect(error.message).to.match(/headgate\.deadline.*"soon"/);
    expect(scene.server.seen).to.have.length(0);
  },
  'a call may draw on a quota by name': async (scene) => {
    const stage = scene.stage({ quotas: [{ name: 'mine', match: { path: '/nowhere' } }] });
    await send(stage, { url: scene.url, headgate: { quota: 'mine' } });
    expect(stage.events[0]).to.have.property('quota').that.includes('mine');
  },
  'each page is its own call': async (scene) => {
    const stage = scene.stage();
    scene.server.replies({ status: 200 }, { status: 500 });
    if (!stage.client.pages) throw new Error('It follows no pages');
    const texts = await soon(
      stage.client.pages(scene.url, (page) => (page < 3 ? `${scene.url}${page}` : undefined)),
    );
    expect(texts).to.have.length(3);
    await until('three endings', () => stage.told().filter((name) => name === 'success').length === 3);
    expect(scene.server.seen).to.have.length(4);
  },
};
