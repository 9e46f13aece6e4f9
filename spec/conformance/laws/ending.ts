import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { ClosedError, DeadlineError } from 'headgate';
import { Refusal } from '../driver.ts';
import { last, rejection, type Scene, type Stage, send, soon, until } from '../scene.ts';
import type { Laws } from './law.ts';

const ONE = { quotas: [{ name: 'one', concurrency: 1 }], retry: { backoff: { base: '30s', max: '30s' } } };

/** A stage on which one call is in flight, and stays there. */
async function occupied(scene: Scene): Promise<Stage & { leave(): Promise<void> }> {
  const stage = scene.stage(ONE);
  const controller = new AbortController();
  scene.server.handler = () => undefined;
  const blocking = rejection(stage.client.send({ url: scene.url, signal: controller.signal }));
  await until('one in flight', () => scene.server.seen.length === 1);
  const leave = async (): Promise<void> => {
    controller.abort();
    await blocking;
  };
  return { ...stage, leave };
}

const SLOW = { retry: { backoff: { base: '30s', max: '30s' } } };

/** Every error that it leads to by `cause` or `errors` is met once. */
function expectNoCircle(error: unknown, above: readonly unknown[] = []): void {
  if (typeof error !== 'object' || error === null) return;
  expect(above.includes(error), 'a circle of causes').to.equal(false);
  const { cause, errors = [] } = error as { cause?: unknown; errors?: unknown[] };
  for (const link of [cause, ...errors]) expectNoCircle(link, [...above, error]);
}

/** Nothing is held and nobody waits: another call goes through. */
async function expectFree(scene: Scene, stage: Stage): Promise<void> {
  scene.server.handler = (_n, _request, response) => response.end('{}');
  await send(stage, { url: scene.url });
  await until('nothing in flight', () => stage.gate.quotas()[0]?.inFlight === 0);
  expect(stage.gate.quotas()[0]).to.include({ queued: 0 });
}

function expectAborted(stage: Stage): void {
  expect(last(stage)).to.include({ type: 'failure', reason: 'aborted' });
}

export const ending: Laws = {
  'a call given up before it began is never sent': async (scene) => {
    const stage = scene.stage();
    const error = await rejection(stage.client.send({ url: scene.url, signal: AbortSignal.abort() }));
    expect(error.name).to.match(/AbortError|CanceledError/);
    expect(scene.server.seen).to.have.length(0);
  },
  'a call given up in the queue ends at once, and frees its place': async (scene) => {
    const stage = await occupied(scene);
    const controller = new AbortController();
    const waiting = rejection(stage.client.send({ url: scene.url, signal: controller.signal }));
    await until('one queued', () => stage.gate.quotas()[0]?.queued === 1);
    controller.abort();
    expect((await waiting).name).to.match(/AbortError|CanceledError/);
    expect(stage.gate.quotas()[0]?.queued).to.equal(0);
    expectAborted(stage);
    await stage.leave();
    expect(scene.server.seen).to.have.length(1);
  },
  'a call given up in flight ends at once, and gives its permit back': async (scene) => {
    const stage = await occupied(scene);
    await stage.leave();
    expectAborted(stage);
    expect(last(stage).attempts).to.have.length(1);
    await expectFree(scene, stage);
  },
  'a call given up while it backs off ends at once': async (scene) => {
    const stage = scene.stage(ONE);
    scene.server.replies({ status: 500 });
    const controller = new AbortController();
    const call = rejection(stage.client.send({ url: scene.url, signal: controller.signal }));
    await until('a retry', () => stage.told().includes('retry'));
    controller.abort();
    expect((await call).name).to.match(/AbortError|CanceledError/);
    expectAborted(stage);
    await expectFree(scene, stage);
  },
  'a call given up while its quota is closed ends at once': async (scene) => {
    const stage = scene.stage();
    scene.server.replies({ status: 429, headers: { 'retry-after': '60' } });
    const controller = new AbortController();
    const call = rejection(stage.client.send({ url: scene.url, signal: controller.signal }));
    await until('a retry', () => stage.told().includes('retry'));
    controller.abort();
    expect((await call).name).to.match(/AbortError|CanceledError/);
    expectAborted(stage);
  },
  'a call that ended leaves no listener on its signal': async (scene) => {
    const stage = scene.stage();
    scene.server.replies({ status: 500 }, { status: 200 }, { status: 404 });
    const { signal } = new AbortController();
    await send(stage, { url: scene.url, signal });
    await rejection(stage.client.send({ url: scene.url, signal }));
    await until('no listener', () => getEventListeners(signal, 'abort').length === 0);
  },
  'a wait that ends after the deadline is not begun': async (scene) => {
    const stage = scene.stage();
    scene.server.replies({ status: 429, headers: { 'retry-after': '60' } });
    const asked = { url: scene.url, headgate: { deadline: '5s' } };
    const error = await rejection(stage.client.send(asked));
    expect(error).to.be.instanceOf(DeadlineError);
    expect(error.waitMs).to.be.within(50_000, 61_000);
    expect(error.headgate).to.include({ reason: 'deadline', verdict: 'throttled' });
    expect(await rejection(stage.client.send(asked))).to.be.instanceOf(DeadlineError);
    expect(scene.server.seen).to.have.length(1);
  },
  'the deadline ends a call on the wire, and closes it': async (scene) => {
    const stage = scene.stage(ONE);
    // Its connection is open before the call with a deadline begins, which shall be on the wire when that passes.
    await send(stage, { url: scene.url });
    const closed = new Promise((resolve) => {
      scene.server.handler = (_n, request) => request.socket.once('close', resolve);
    });
    const error = await rejection(stage.client.send({ url: scene.url, headgate: { deadline: 500 } }));
    expect(error).to.be.instanceOf(DeadlineError);
    expect(last(stage)).to.include({ type: 'failure', reason: 'deadline' });
    await soon(closed);
    await expectFree(scene, stage);
  },
  'a call that is given no time is not sent': async (scene) => {
    const stage = scene.stage(ONE);
    const error = await rejection(stage.client.send({ url: scene.url, headgate: { deadline: 0 } }));
    expect(error).to.be.instanceOf(DeadlineError);
    expect(last(stage)).to.include({ type: 'failure', reason: 'deadline' });
    expect(scene.server.seen).to.have.length(0);
    await expectFree(scene, stage);
  },
  'a call that is given all time waits as long as it takes': async (scene) => {
    const stage = scene.stage(ONE);
    scene.server.replies({ status: 429, headers: { 'retry-after-ms': '100' } });
    await send(stage, { url: scene.url, headgate: { deadline: Infinity, bodyTimeout: Infinity } });
    expect(scene.server.seen).to.have.length(2);
  },
  'a closing gate with drain lets a call end with all its waits, and begins no other': async (scene) => {
    const stage = scene.stage({ quotas: ONE.quotas });
    scene.server.replies({ status: 500 }, { status: 429, headers: { 'retry-after-ms': '100' } });
    const call = send(stage, { url: scene.url });
    await until('a retry', () => stage.told().includes('retry'));
    const closing = stage.gate.close({ drain: '1m' });
    expect(await rejection(stage.client.send({ url: scene.url }))).to.be.instanceOf(ClosedError);
    expect((await call).status).to.equal(200);
    await soon(closing);
    expect(scene.server.seen).to.have.length(3);
  },
  'the deadline ends a call in the queue': async (scene) => {
    const stage = await occupied(scene);
    const error = await rejection(stage.client.send({ url: scene.url, headgate: { deadline: 50 } }));
    expect(error).to.be.instanceOf(DeadlineError);
    expect(stage.gate.quotas()[0]?.queued).to.equal(0);
    await stage.leave();
  },
  'a closed gate ends what waits, and lets what is in flight end': async (scene) => {
    const stage = scene.stage(ONE);
    let release = (): void => undefined;
    scene.server.handler = (_n, _request, response) => {
      release = () => response.end('{}');
    };
    const inFlight = send(stage, { url: scene.url });
    await until('one in flight', () => scene.server.seen.length === 1);
    const waiting = rejection(stage.client.send({ url: scene.url }));
    await until('one queued', () => stage.gate.quotas()[0]?.queued === 1);
    const closing = stage.gate.close();
    expect(await waiting).to.be.instanceOf(ClosedError);
    release();
    expect((await inFlight).status).to.equal(200);
    await soon(closing);
    expect(await rejection(stage.client.send({ url: scene.url }))).to.be.instanceOf(ClosedError);
    expect(scene.server.seen).to.have.length(1);
  },
  'a closed gate ends what backs off': async (scene) => {
    const stage = scene.stage(ONE);
    scene.server.replies({ status: 500 });
    const call = rejection(stage.client.send({ url: scene.url }));
    await until('a retry', () => stage.told().includes('retry'));
    await soon(stage.gate.close());
    expect(await call).to.be.instanceOf(ClosedError);
  },
  'no error leads back to itself by its causes: the deadline, in flight and in the queue': async (scene) => {
    const stage = scene.stage(ONE);
    scene.server.handler = () => undefined;
    const asked = { url: scene.url, headgate: { deadline: 100 } };
    const errors = [stage.client.send(asked), stage.client.send(asked)].map(rejection);
    for (const error of await Promise.all(errors)) {
      expect(error).to.be.instanceOf(DeadlineError);
      expectNoCircle(error);
    }
  },
  'no error leads back to itself by its causes, and each call has one of its own: a closed gate': async (
    scene,
  ) => {
    const stage = scene.stage({ quotas: [{ concurrency: 1 }, { name: 'other' }], ...SLOW });
    scene.server.replies({ status: 500 }, { status: 500 });
    const backingOff = [1, 2].map(() =>
      rejection(stage.client.send({ url: scene.url, headgate: { quota: 'other' } })),
    );
    await until('two back off', () => stage.told().filter((name) => name === 'retry').length === 2);
    scene.server.handler = (_n, _request, response) => setTimeout(() => response.end('{}'), 50);
    const inFlight = send(stage, { url: scene.url });
    const queued = [1, 2].map(() => rejection(stage.client.send({ url: scene.url })));
    await until('two queued', () => stage.gate.quotas().some((quota) => quota.queued === 2));
    await soon(stage.gate.close());
    const errors = await Promise.all([...backingOff, ...queued]);
    for (const error of errors) {
      expect(error).to.be.instanceOf(ClosedError);
      expectNoCircle(error);
    }
    expect(new Set(errors.map(({ headgate }) => headgate.call)).size).to.equal(4);
    await inFlight;
  },
  'what the gate adds to an error is not enumerable': async (scene) => {
    const stage = scene.stage(SLOW);
    scene.server.replies({ status: 404 }, { status: 500 });
    const refused = await rejection(stage.client.send({ url: scene.url }));
    const late = await rejection(stage.client.send({ url: scene.url, headgate: { deadline: '1s' } }));
    expect(late).to.be.instanceOf(DeadlineError);
    expect(Object.keys(late)).to.have.members(['name', 'code', 'deadlineMs', 'waitMs']);
    if (refused instanceof Refusal) return;
    expect(refused.headgate).to.include({ reason: 'terminal' });
    expect(Object.keys(refused)).not.to.include('headgate');
  },
};
