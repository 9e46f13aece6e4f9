import { expect } from 'chai';
import { last, rejection, type Scene, send, statuses, until } from '../scene.ts';
import type { Laws } from './law.ts';

/** Leads from `/from` to `to`, and from there back what came. */
function leads(scene: Scene, status: number, to = '/to'): void {
  scene.server.handler = (_n, request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.once('end', () => {
      if (request.url === '/from') response.writeHead(status, { location: to }).end();
      else response.end(`${request.method} ${body}`);
    });
  };
}

const post = { method: 'POST', body: { kind: 'string', value: 'text' } } as const;

export const redirects: Laws = {
  'a redirect is followed': async (scene) => {
    leads(scene, 302);
    expect((await send(scene.stage(), { url: `${scene.url}from` })).text).to.equal('GET ');
  },
  'a redirect is one call, and each of its legs an attempt': async (scene) => {
    leads(scene, 302);
    const stage = scene.stage();
    await send(stage, { url: `${scene.url}from` });
    expect(stage.told(), 'events').to.deep.equal(['attempt', 'attempt', 'success']);
    expect(statuses(last(stage))).to.deep.equal([302, 200]);
  },
  'a POST becomes a GET at 303, and stays what it was at 307': async (scene) => {
    leads(scene, 303);
    expect((await send(scene.stage(), { url: `${scene.url}from`, ...post })).text).to.equal('GET ');
    leads(scene, 307);
    expect((await send(scene.stage(), { url: `${scene.url}from`, ...post })).text).to.equal('POST text');
  },
  'an endless redirect is the client’s to end': async (scene) => {
    leads(scene, 302, '/from');
    const stage = scene.stage();
    await rejection(stage.client.send({ url: `${scene.url}from` }));
    expect(last(stage)).to.include({ type: 'failure', reason: 'terminal' });
    expect(scene.server.seen.length).to.be.within(1, 30);
  },
  'a redirect leg waits for the quota of its target': async (scene) => {
    let throttledAt = 0;
    scene.server.handler = (_n, request, response) => {
      if (request.url === '/from') response.writeHead(302, { location: '/to' }).end();
      else if (throttledAt > 0) response.end('{}');
      else {
        throttledAt = performance.now();
        response.writeHead(429, { 'retry-after-ms': '300' }).end();
      }
    };
    const stage = scene.stage({ quotas: [{ name: 'to', match: { path: '/to' } }] });
    const first = send(stage, { url: `${scene.url}to` });
    await until('a pause', () => stage.told().includes('pause'));
    await Promise.all([first, send(stage, { url: `${scene.url}from` })]);
    const arrived = scene.server.seen.filter(({ url, at }) => url === '/to' && at > throttledAt);
    expect(arrived).to.have.length(2);
    for (const { at } of arrived) expect(at - throttledAt, 'ms after the 429').to.be.at.least(300);
  },
};
