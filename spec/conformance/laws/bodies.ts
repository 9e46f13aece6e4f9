import type { ServerResponse } from 'node:http';
import { expect } from 'chai';
import { DeadlineError } from 'headgate';
import { last, rejection, type Scene, type Stage, send, until } from '../scene.ts';
import type { Laws } from './law.ts';

const ONE = { quotas: [{ name: 'one', concurrency: 1 }] };

/** A server that sends these parts of a body, one each `ms`, and ends it unless it `hangs`. */
function serve(scene: Scene, parts: readonly string[], ms: number, hangs = false): void {
  scene.server.handler = (_n, request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/plain' }).flushHeaders();
    void sendAll(response, parts, ms, hangs);
  };
}

async function sendAll(
  response: ServerResponse,
  parts: readonly string[],
  ms: number,
  hangs: boolean,
): Promise<void> {
  for (const part of parts) {
    response.write(part);
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
  if (!hangs) response.end();
}

/** The call ended once, and holds nothing. */
async function expectOver(stage: Stage): Promise<void> {
  await until('nothing in flight', () => stage.gate.quotas()[0]?.inFlight === 0);
  const ends = stage.told().filter((name) => name === 'success' || name === 'failure');
  expect(ends).to.have.length(1);
}

export const bodies: Laws = {
  'a body that still flows at the deadline arrives whole': async (scene) => {
    serve(scene, [...'abcdefgh'], 60);
    const stage = scene.stage(ONE);
    const { text } = await send(stage, { url: scene.url, headgate: { deadline: 200 } });
    expect(text).to.equal('abcdefgh');
    expect(last(stage)).to.include({ type: 'success' });
    await expectOver(stage);
  },
  'a body that stalls for less than its bodyTimeout arrives whole': async (scene) => {
    serve(scene, ['a', 'b'], 400);
    const stage = scene.stage({ ...ONE, retry: { deadline: 200, bodyTimeout: '10s' } });
    expect((await send(stage, { url: scene.url })).text).to.equal('ab');
    await expectOver(stage);
  },
  'a body that stalls for its bodyTimeout is cut off, and its connection closed': async (scene) => {
    const stage = scene.stage(ONE);
    serve(scene, ['half'], 0, true);
    const handler = scene.server.handler;
    const closed = new Promise((resolve) => {
      scene.server.handler = (n, request, response) => {
        request.socket.once('close', resolve);
        handler(n, request, response);
      };
    });
    const error = await rejection(stage.client.send({ url: scene.url, headgate: { bodyTimeout: 100 } }));
    expect(error).to.be.instanceOf(DeadlineError);
    expect(error).to.include({ code: 'ERR_HEADGATE_DEADLINE', idleMs: 100 });
    expect(last(stage)).to.include({ type: 'failure', reason: 'deadline', status: 200 });
    await closed;
    await expectOver(stage);
  },
  'a head that does not come is the deadline’s, whatever the bodyTimeout': async (scene) => {
    const stage = scene.stage({ ...ONE, retry: { deadline: 100, bodyTimeout: '10s' } });
    scene.server.handler = () => undefined;
    const error = await rejection(stage.client.send({ url: scene.url }));
    expect(error).to.be.instanceOf(DeadlineError);
    expect(error).not.to.have.property('idleMs');
    await expectOver(stage);
  },
};
