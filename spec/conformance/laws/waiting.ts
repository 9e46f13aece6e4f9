import { expect } from 'chai';
import { QueueFullError } from 'headgate';
import { rejection, type Scene, send, until } from '../scene.ts';
import type { Laws } from './law.ts';

const CLOSED = { 'retry-after-ms': '300' };

/** The `n`th call is throttled for 300 ms; tells when. */
function throttleFirst(scene: Scene, path?: string): { at: number } {
  const throttled = { at: 0 };
  scene.server.handler = (_n, request, response) => {
    if (throttled.at > 0 || (path !== undefined && request.url !== path)) response.end('{}');
    else {
      throttled.at = performance.now();
      response.writeHead(429, CLOSED).end();
    }
  };
  return throttled;
}

export const waiting: Laws = {
  'a 429 stops all of its quota until it reopens': async (scene) => {
    const throttled = throttleFirst(scene);
    const stage = scene.stage();
    const first = send(stage, { url: scene.url });
    await until('a pause', () => stage.told().includes('pause'));
    await Promise.all([first, ...Array.from({ length: 9 }, () => send(stage, { url: scene.url }))]);
    const after = scene.server.seen.filter(({ at }) => at > throttled.at).map(({ at }) => at);
    expect(after).to.have.length(10);
    expect(Math.min(...after) - throttled.at).to.be.at.least(300);
  },
  'a 429 stops nothing of another quota': async (scene) => {
    throttleFirst(scene, '/closed');
    const stage = scene.stage({
      quotas: [
        { name: 'closed', match: { path: '/closed' } },
        { name: 'open', match: {} },
      ],
    });
    const first = send(stage, { url: `${scene.url}closed` });
    await until('a pause', () => stage.told().includes('pause'));
    await send(stage, { url: `${scene.url}open` });
    expect(stage.told()).not.to.include('resume');
    await first;
  },
  'what waits goes in order': async (scene) => {
    throttleFirst(scene);
    const stage = scene.stage({ quotas: [{ name: 'one', concurrency: 1 }] });
    const calls = [send(stage, { url: `${scene.url}0` })];
    await until('a pause', () => stage.told().includes('pause'));
    for (let call = 1; call < 6; call += 1) {
      calls.push(send(stage, { url: scene.url + call }));
      await until('its place', () => stage.gate.quotas()[0]?.queued === call + 1);
    }
    await Promise.all(calls);
    expect(scene.server.seen.map(({ url }) => url)).to.deep.equal(['/0', '/0', '/1', '/2', '/3', '/4', '/5']);
  },
  'what is urgent goes first': async (scene) => {
    throttleFirst(scene);
    const stage = scene.stage({ quotas: [{ name: 'one', concurrency: 1 }] });
    const calls = [send(stage, { url: `${scene.url}first` })];
    await until('a pause', () => stage.told().includes('pause'));
    for (const priority of [0, 5]) {
      calls.push(send(stage, { url: scene.url + priority, headgate: { priority } }));
      await until('its place', () => stage.gate.quotas()[0]?.queued === calls.length);
    }
    await Promise.all(calls);
    const order = scene.server.seen.map(({ url }) => url);
    expect(order.indexOf('/5')).to.be.below(order.indexOf('/0'));
  },
  'one of another flow need not wait for all that came before it': async (scene) => {
    throttleFirst(scene);
    const stage = scene.stage({ quotas: [{ name: 'one', concurrency: 1 }] });
    const calls = [send(stage, { url: `${scene.url}first`, headgate: { flow: 'many' } })];
    await until('a pause', () => stage.told().includes('pause'));
    for (const flow of ['many', 'many', 'many', 'many', 7]) {
      calls.push(send(stage, { url: scene.url + flow, headgate: { flow } }));
      await until('its place', () => stage.gate.quotas()[0]?.queued === calls.length);
    }
    await Promise.all(calls);
    const order = scene.server.seen.map(({ url }) => url);
    expect(order.indexOf('/7')).to.be.at.most(order.indexOf('/many') + 1);
  },
  'no more are in flight than the quota allows': async (scene) => {
    let [inFlight, most] = [0, 0];
    scene.server.handler = (_n, _request, response) => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      setTimeout(() => {
        inFlight -= 1;
        response.end('{}');
      }, 5);
    };
    const stage = scene.stage({ quotas: [{ concurrency: 3 }] });
    await Promise.all(Array.from({ length: 20 }, () => send(stage, { url: scene.url })));
    expect(most).to.equal(3);
    expect(stage.gate.quotas()[0]).to.include({ inFlight: 0, queued: 0 });
  },
  'a response is in flight until its body has arrived': async (scene) => {
    let [inFlight, most] = [0, 0];
    scene.server.handler = (_n, _request, response) => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      response.write('half');
      setTimeout(() => {
        inFlight -= 1;
        response.end();
      }, 30);
    };
    const stage = scene.stage({ quotas: [{ concurrency: 1 }] });
    await Promise.all(Array.from({ length: 4 }, () => send(stage, { url: scene.url })));
    expect(most, 'in flight at once').to.equal(1);
  },
  'no more are sent in a window than the quota allows': async (scene) => {
    const stage = scene.stage({ quotas: [{ windows: [{ limit: 4, per: 200 }] }] });
    await Promise.all(Array.from({ length: 10 }, () => send(stage, { url: scene.url })));
    const at = scene.server.seen.map((seen) => seen.at);
    expect(at).to.have.length(10);
    for (let index = 4; index < at.length; index += 1) {
      expect((at[index] as number) - (at[index - 4] as number)).to.be.at.least(200);
    }
  },
  'what finds the queue full is refused': async (scene) => {
    scene.server.handler = (_n, _request, response) => setTimeout(() => response.end('{}'), 100);
    const stage = scene.stage({ quotas: [{ concurrency: 1 }], maxQueue: 1 });
    const sent = [send(stage, { url: scene.url })];
    await until('one in flight', () => scene.server.seen.length === 1);
    sent.push(send(stage, { url: scene.url }));
    await until('one queued', () => stage.gate.quotas()[0]?.queued === 1);
    const error = await rejection(stage.client.send({ url: scene.url }));
    expect(error).to.be.instanceOf(QueueFullError);
    expect(error.headgate).to.include({ reason: 'queue-full' });
    await Promise.all(sent);
  },
};
