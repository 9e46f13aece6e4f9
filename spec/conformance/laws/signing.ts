import { expect } from 'chai';
import { ClosedError, DeadlineError, type HeadgateOptions, type Sign } from 'headgate';
import { generic } from 'headgate/profiles';
import { last, rejection, type Scene, type Stage, send, until } from '../scene.ts';
import type { Laws } from './law.ts';

const ONE = { quotas: [{ name: 'one', concurrency: 1 }] };

/** A gate that signs. A client that may meet any host at all signs only where the profile says so. */
function signed(scene: Scene, sign: Sign, options: HeadgateOptions = ONE): Stage {
  const { origin } = new URL(scene.url);
  const profile = { ...generic(), authorizes: (url: URL) => url.origin === origin };
  return scene.stage({ ...options, sign, ...(scene.anyHost && { profile }) });
}

/** What came as `x-signature`, request by request. */
function signaturesOf(scene: Scene, statuses: readonly number[] = []): (string | undefined)[] {
  const seen: (string | undefined)[] = [];
  scene.server.handler = (_n, request, response) => {
    const status = statuses[seen.push(request.headers['x-signature'] as string | undefined) - 1] ?? 200;
    response.writeHead(status, status === 429 ? { 'retry-after-ms': '100' } : {}).end('{}');
  };
  return seen;
}

async function expectFree(stage: Stage): Promise<void> {
  await until('nothing in flight', () => stage.gate.quotas()[0]?.inFlight === 0);
  expect(stage.gate.quotas()[0]).to.include({ queued: 0 });
}

export const signing: Laws = {
  'each attempt is signed anew, over what its user set': async (scene) => {
    let count = 0;
    const stage = signed(scene, ({ method, url, headers }) => ({
      'X-Signature': `${method} ${url.pathname} ${headers?.['x-user']} ${++count}`,
    }));
    const seen = signaturesOf(scene, [500]);
    const headers = { 'x-user': 'mine', 'x-signature': 'old' };
    await send(stage, { url: `${scene.url}a`, headers });
    expect(seen).to.deep.equal(['GET /a mine 1', 'GET /a mine 2']);
  },
  'a request is signed once its wait is over, not before': async (scene) => {
    const signedAt: number[] = [];
    const stage = signed(scene, async () => {
      signedAt.push(performance.now());
      return [['x-signature', 'late']];
    });
    const seen = signaturesOf(scene, [429]);
    const begun = performance.now();
    await send(stage, { url: scene.url });
    expect(seen).to.deep.equal(['late', 'late']);
    expect((signedAt[1] as number) - begun).to.be.at.least(100);
  },
  'a signature that cannot be made ends the call, unsent, with its permit back': async (scene) => {
    let fails = true;
    const stage = signed(scene, async () => {
      if (fails) throw new Error('no key today');
      return undefined;
    });
    const seen = signaturesOf(scene);
    const error = await rejection(stage.client.send({ url: scene.url }));
    expect(`${error.message} ${(error.cause as Error | undefined)?.message}`).to.include('no key today');
    expect(seen).to.deep.equal([]);
    expect(last(stage)).to.include({ type: 'failure', reason: 'terminal' });
    fails = false;
    await send(stage, { url: scene.url });
    await expectFree(stage);
  },
  'a signature that cannot be made for a resend ends the call: no attempt follows': async (scene) => {
    let count = 0;
    const stage = signed(scene, () => {
      count += 1;
      if (count === 2) throw new Error('no key any more');
      return { 'x-signature': 'first' };
    });
    const seen = signaturesOf(scene, [500, 500, 500]);
    const error = await rejection(stage.client.send({ url: scene.url }));
    expect(`${error.message} ${(error.cause as Error | undefined)?.message}`).to.include('no key any more');
    expect(seen).to.deep.equal(['first']);
    expect(count).to.equal(2);
    expect(last(stage).attempts).to.have.length(1);
    await expectFree(stage);
  },
  'a signature that is no header ends the call, and its value is shown nowhere': async (scene) => {
    const stage = signed(scene, () => ({ 'x-signature': 'secret\nvalue' }));
    const error = await rejection(stage.client.send({ url: scene.url }));
    expect(JSON.stringify([error.message, error.stack, stage.events])).not.to.include('secret');
    expect(scene.server.seen).to.have.length(0);
    await expectFree(stage);
  },
  'a signature that never comes holds its permit until the deadline, and no longer': async (scene) => {
    const stage = signed(scene, () => new Promise(() => undefined));
    const error = await rejection(stage.client.send({ url: scene.url, headgate: { deadline: 60 } }));
    expect(error).to.be.instanceOf(DeadlineError);
    await expectFree(stage);
  },
  'a call given up while it is signed ends at once': async (scene) => {
    let asked = false;
    const stage = signed(scene, () => {
      asked = true;
      return new Promise(() => undefined);
    });
    const controller = new AbortController();
    const call = rejection(stage.client.send({ url: scene.url, signal: controller.signal }));
    await until('asked to sign', () => asked);
    controller.abort();
    expect((await call).name).to.match(/AbortError|CanceledError/);
    expect(last(stage)).to.include({ type: 'failure', reason: 'aborted' });
    await expectFree(stage);
  },
  'a closed gate ends what is being signed': async (scene) => {
    let asked = false;
    const stage = signed(scene, () => {
      asked = true;
      return new Promise(() => undefined);
    });
    const call = rejection(stage.client.send({ url: scene.url }));
    await until('asked to sign', () => asked);
    await stage.gate.close();
    expect(await call).to.be.instanceOf(ClosedError);
  },
  'a signature goes to no other origin': async (scene) => {
    const stage = signed(scene, ({ url }) => ({ 'x-signature': url.origin, authorization: 'Sig 1' }), {});
    const other = await scene.another();
    let leaked: unknown;
    other.handler = (_n, request, response) => {
      leaked = request.headers['x-signature'] ?? request.headers.authorization;
      response.end('there');
    };
    scene.server.handler = (_n, _request, response) =>
      response.writeHead(302, { location: `${other.url}/` }).end();
    expect((await send(stage, { url: scene.url })).text).to.equal('there');
    expect(leaked, 'at the other origin').to.equal(undefined);
  },
  'each leg of a redirect is signed for itself': async (scene) => {
    const stage = signed(scene, ({ url }) => ({ 'x-signature': url.pathname }));
    const seen: unknown[] = [];
    scene.server.handler = (_n, request, response) => {
      seen.push(request.headers['x-signature']);
      if (request.url === '/a') response.writeHead(302, { location: '/b' }).end();
      else response.end('{}');
    };
    await send(stage, { url: `${scene.url}a` });
    expect(seen).to.deep.equal(['/a', '/b']);
  },
};
