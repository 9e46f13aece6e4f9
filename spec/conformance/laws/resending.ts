import { Readable } from 'node:stream';
import { expect } from 'chai';
import type { Ask, Body } from '../driver.ts';
import { last, rejection, type Scene, send } from '../scene.ts';
import type { Laws } from './law.ts';

const THROTTLED = { status: 429, headers: { 'retry-after-ms': '20' } };
const JSON_BODY: Body = { kind: 'JSON', value: { a: 1 } };

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('once');
}

function form(): FormData {
  const data = new FormData();
  data.set('a', '1');
  return data;
}

const replayable: Readonly<Record<string, () => Body>> = {
  'a string': () => ({ kind: 'string', value: 'text' }),
  'a Buffer': () => ({ kind: 'Buffer', value: Buffer.from('bytes') }),
  JSON: () => JSON_BODY,
  'a form': () => ({ kind: 'form', value: { a: '1' } }),
  FormData: () => ({ kind: 'FormData', value: form() }),
  URLSearchParams: () => ({ kind: 'URLSearchParams', value: new URLSearchParams({ a: '1' }) }),
  'a Blob': () => ({ kind: 'Blob', value: new Blob(['blob']) }),
};
const once: Readonly<Record<string, () => Body>> = {
  'a stream': () => ({ kind: 'stream', value: Readable.from([Buffer.from('once')]) }),
  'an iterable': () => ({ kind: 'iterable', value: pieces() }),
};

/** Boundaries of multipart bodies may differ. */
function plain(body: string | undefined): string | undefined {
  return body?.replaceAll(/--[\w.-]{10,}/g, '--boundary');
}

/** How often a request is made that gets a 502 first. */
async function timesAfter502(scene: Scene, ask: Omit<Ask, 'url'>): Promise<number> {
  scene.server.replies({ status: 502 });
  await scene
    .stage()
    .client.send({ url: scene.url, ...ask })
    .catch(() => undefined);
  return scene.server.seen.length;
}

export const resending: Laws = {
  ...Object.fromEntries(
    Object.entries(replayable).map(([what, body]) => [
      `a throttled POST is resent with the same body: ${what}`,
      async (scene: Scene) => {
        scene.server.replies(THROTTLED);
        const { handler } = scene.server;
        const boundaries: string[] = [];
        scene.server.handler = (n, request, response) => {
          boundaries.push(/boundary=(.*)/.exec(request.headers['content-type'] ?? '')?.[1] ?? '');
          handler(n, request, response);
        };
        await send(scene.stage(), { url: scene.url, method: 'POST', body: body() });
        for (const [index, seen] of scene.server.seen.entries()) {
          expect(seen.body).to.include(boundaries[index]);
        }
        const bodies = scene.server.seen.map((seen) => plain(seen.body));
        expect(bodies).to.have.length(2);
        expect(bodies[1])
          .to.equal(bodies[0])
          .and.match(/a|bytes|text|blob/);
      },
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(once).map(([what, body]) => [
      `a body that is gone is not sent again, and the record says so: ${what}`,
      async (scene: Scene) => {
        scene.server.replies(THROTTLED);
        const stage = scene.stage();
        await rejection(stage.client.send({ url: scene.url, method: 'POST', body: body() }));
        expect(scene.server.seen.map((seen) => seen.body)).to.deep.equal(['once']);
        expect(last(stage)).to.include({ verdict: 'throttled', reason: 'terminal' });
        expect(last(stage).hint).to.match(/stream/);
      },
    ]),
  ),
  'a POST is not made again after a 502, and the record says why': async (scene) => {
    const stage = scene.stage();
    scene.server.replies({ status: 502 });
    await rejection(stage.client.send({ url: scene.url, method: 'POST', body: JSON_BODY }));
    expect(last(stage)).to.include({ verdict: 'transient', reason: 'terminal' });
    expect(last(stage).hint).to.match(/idempotent/);
    expect(scene.server.seen).to.have.length(1);
  },
  'a POST is not made again when the connection broke': async (scene) => {
    scene.server.handler = (_n, request) => request.socket.destroy();
    await rejection(scene.stage().client.send({ url: scene.url, method: 'POST', body: JSON_BODY }));
    expect(scene.server.seen).to.have.length(1);
  },
  'a POST is made again after a 502 when its user vouches for it': async (scene) => {
    const ask = { method: 'POST', body: JSON_BODY, headgate: { idempotent: true } };
    expect(await timesAfter502(scene, ask)).to.equal(2);
  },
  'a POST is made again after a 502 when it bears an Idempotency-Key': async (scene) => {
    const ask = { method: 'POST', body: JSON_BODY, headers: { 'Idempotency-Key': 'k' } };
    expect(await timesAfter502(scene, ask)).to.equal(2);
  },
  'a POST is made again after a 425': async (scene) => {
    scene.server.replies({ status: 425 });
    await send(scene.stage(), { url: scene.url, method: 'POST', body: JSON_BODY });
    expect(scene.server.seen).to.have.length(2);
  },
  'a PUT and a DELETE are made again after a 502': async (scene) => {
    expect(await timesAfter502(scene, { method: 'PUT', body: JSON_BODY })).to.equal(2);
    scene.server.seen.length = 0;
    expect(await timesAfter502(scene, { method: 'DELETE' })).to.equal(2);
  },
  'a GET is not made again when its user forbids it': async (scene) => {
    expect(await timesAfter502(scene, { headgate: { idempotent: false } })).to.equal(1);
  },
};
