import { expect } from 'chai';
import { last, rejection, type Scene, send, statuses } from '../scene.ts';
import type { Laws } from './law.ts';

const AGAIN = { 'retry-after-ms': '20' };

/** An attempt with this status, and whether it is made again by GET. */
function madeAgain(status: number, headers: Record<string, string> = {}): (scene: Scene) => Promise<void> {
  return async (scene) => {
    const stage = scene.stage();
    scene.server.replies({ status, headers });
    expect((await send(stage, { url: scene.url })).status).to.equal(200);
    expect(statuses(last(stage))).to.deep.equal([status, 200]);
    expect(scene.server.seen).to.have.length(2);
  };
}

function final(status: number, verdict = 'terminal'): (scene: Scene) => Promise<void> {
  return async (scene) => {
    const stage = scene.stage();
    scene.server.replies({ status });
    await rejection(stage.client.send({ url: scene.url }));
    expect(last(stage)).to.deep.include({ type: 'failure', verdict, reason: 'terminal', status });
    expect(scene.server.seen).to.have.length(1);
  };
}

export const verdicts: Laws = {
  'a good response is given whole': async (scene) => {
    const text = 'x'.repeat(1_000_000);
    scene.server.handler = (_n, _request, response) => response.end(text);
    const stage = scene.stage();
    expect((await send(stage, { url: scene.url })).text).to.equal(text);
    expect(stage.told()).to.deep.equal(['attempt', 'success']);
  },
  'a response without a body is as good as any': async (scene) => {
    scene.server.replies({ status: 204, body: '' }, { status: 200 });
    const stage = scene.stage();
    expect(await send(stage, { url: scene.url })).to.include({ status: 204, text: '' });
    expect(await send(stage, { url: scene.url, method: 'HEAD' })).to.include({ status: 200, text: '' });
  },
  '400 is final': final(400),
  '401 is final where there is no token to renew': final(401, 'unauthorized'),
  '403 is final': final(403),
  '404 is final': final(404),
  '501 is final': final(501),
  '408 is made again': madeAgain(408),
  '500 is made again': madeAgain(500),
  '502 is made again': madeAgain(502),
  '503 is made again': madeAgain(503, AGAIN),
  '504 is made again': madeAgain(504),
  '429 is made again when the quota reopens': madeAgain(429, AGAIN),
  '429 without a word of when is made again': madeAgain(429),
  'transient faults have five attempts in all': async (scene) => {
    const stage = scene.stage();
    scene.server.replies(...Array.from({ length: 9 }, () => ({ status: 503 })));
    await rejection(stage.client.send({ url: scene.url }));
    expect(last(stage).reason).to.equal('attempts');
    expect(scene.server.seen).to.have.length(5);
  },
  'being throttled uses up no attempt': async (scene) => {
    const stage = scene.stage();
    scene.server.replies(
      ...Array.from({ length: 7 }, () => ({ status: 429, headers: { 'retry-after-ms': '1' } })),
    );
    await send(stage, { url: scene.url });
    expect(scene.server.seen).to.have.length(8);
  },
  'one attempt is all when retries are turned off': async (scene) => {
    const stage = scene.stage({ retry: { attempts: 1 } });
    scene.server.replies({ status: 500 });
    await rejection(stage.client.send({ url: scene.url }));
    expect(scene.server.seen).to.have.length(1);
  },
  'a refused connection is retried, for POST too': async (scene) => {
    const gone = await scene.another();
    const url = `${gone.url}/`;
    await gone.close();
    const stage = scene.stage();
    await rejection(stage.client.send({ url, method: 'POST', body: { kind: 'string', value: 'a' } }));
    expect(last(stage)).to.include({ verdict: 'transient', reason: 'attempts' });
    expect(last(stage).attempts).to.have.length(5);
  },
  'a connection that breaks before its response is tried again': async (scene) => {
    scene.server.handler = (n, request, response) => {
      if (n === 1) request.socket.destroy();
      else response.end('{}');
    };
    const stage = scene.stage();
    expect((await send(stage, { url: scene.url })).status).to.equal(200);
    expect(statuses(last(stage))).to.deep.equal([undefined, 200]);
  },
  'a kept connection that the server has left is tried again': async (scene) => {
    const stage = scene.stage();
    const used = new WeakSet<object>();
    scene.server.handler = (_n, request, response) => {
      if (used.has(request.socket)) request.socket.destroy();
      else response.end('{}');
      used.add(request.socket);
    };
    for (let call = 0; call < 4; call += 1) await send(stage, { url: scene.url });
    expect(stage.told().filter((name) => name === 'success')).to.have.length(4);
    expect(stage.told().filter((name) => name === 'attempt')).to.have.length(scene.server.seen.length);
  },
  'a response cut off in its body is requested again': async (scene) => {
    scene.server.handler = (n, request, response) => {
      if (n > 1) response.end('{}');
      else {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half', () => setTimeout(() => request.socket.destroy(), 5));
      }
    };
    const stage = scene.stage();
    expect((await send(stage, { url: scene.url })).text).to.equal('{}');
    expect(scene.server.seen).to.have.length(2);
  },
  'a response that is not compressed as it says is final': async (scene) => {
    scene.server.handler = (_n, _request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('{}');
    const stage = scene.stage();
    await rejection(stage.client.send({ url: scene.url }));
    expect(last(stage)).to.include({ verdict: 'terminal', reason: 'terminal' });
    expect(scene.server.seen).to.have.length(1);
  },
  'an attempt that takes too long is aborted and retried': async (scene) => {
    scene.server.handler = (n, _request, response) => {
      if (n > 1) response.end('{}');
    };
    const stage = scene.stage({ retry: { deadline: 1_500 } });
    await send(stage, { url: scene.url, timeout: 200 });
    // On a busy machine the answer to a later attempt may take too long as well.
    const [first, ...later] = statuses(last(stage));
    expect([first, later.at(-1)]).to.deep.equal([undefined, 200]);
  },
  'hostile headers do no harm': async (scene) => {
    const values = ['-1', '1e3', '0x10', '', 'soon'];
    scene.server.handler = (n, _request, response) => {
      const value = values[n - 1];
      if (value === undefined) response.end('{}');
      else response.writeHead(429, { 'retry-after': value }).end();
    };
    await send(scene.stage(), { url: scene.url });
    expect(scene.server.seen).to.have.length(6);
  },
  'the gate does not wait for an error body that never ends': async (scene) => {
    scene.server.handler = (n, _request, response) => {
      if (n > 1) {
        response.end('{}');
        return;
      }
      response.writeHead(503);
      const pouring = setInterval(() => response.write('x'.repeat(65_536)), 5);
      response.on('close', () => clearInterval(pouring));
    };
    const stage = scene.stage({ retry: { deadline: 3_500 } });
    expect((await send(stage, { url: scene.url })).status).to.equal(200);
  },
};
