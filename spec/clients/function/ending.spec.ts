import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { ClosedError, DeadlineError, type Headgate, headgate } from 'headgate';
import { failureOf, names, record, sleep } from '../../support/server.ts';

const REQUEST = { method: 'GET', url: 'http://api.test/' };

describe('A call of a wrapped function that must end', () => {
  let gate: Headgate;

  beforeEach(() => {
    gate = headgate({ quotas: [{ concurrency: 1 }], retry: { backoff: { base: '30s' } } });
  });
  afterEach(() => gate.close());

  /** Nothing is held and nobody waits: another call goes through. */
  async function expectFree(): Promise<void> {
    expect(await gate.wrap(async () => 'free', { request: REQUEST })()).to.equal('free');
    expect(gate.quotas()[0]).to.include({ inFlight: 0, queued: 0 });
  }

  const never = (): Promise<never> => new Promise(() => undefined);

  it('rejects at once with the reason of its signal, waiting or in flight, even if the function ignores it', async () => {
    const [flying, waiting] = [new AbortController(), new AbortController()];
    const asked = (signal: AbortSignal) => gate.wrap(never, { request: { ...REQUEST, signal } })();
    const inFlight = failureOf(asked(flying.signal));
    const queued = failureOf(asked(waiting.signal));
    await sleep(10);
    expect(gate.quotas()[0]).to.include({ inFlight: 1, queued: 1 });
    waiting.abort();
    expect(await queued).to.equal(waiting.signal.reason);
    expect(gate.quotas()[0]?.queued).to.equal(0);
    flying.abort();
    expect(await inFlight).to.equal(flying.signal.reason);
    expect(getEventListeners(waiting.signal, 'abort')).to.have.length(0);
    expect(await failureOf(asked(AbortSignal.abort()))).to.have.property('name', 'AbortError');
    await expectFree();
  });

  it('rejects at once while it backs off', async () => {
    const events = record(gate);
    const controller = new AbortController();
    const run = gate.wrap(() => Promise.reject(Object.assign(new Error('reset'), { code: 'ECONNRESET' })), {
      request: { ...REQUEST, signal: controller.signal },
    });
    const call = failureOf(run() as Promise<unknown>);
    while (!names(events).includes('retry')) await sleep(5);
    controller.abort();
    expect(await call).to.equal(controller.signal.reason);
    expect(events.at(-1)).to.include({ type: 'failure', reason: 'aborted' });
    await expectFree();
  });

  it('is aborted when its deadline passes, which its function is told', async () => {
    let signal: AbortSignal | undefined;
    const run = gate.wrap(
      (context) => {
        signal = context.signal;
        return never();
      },
      { request: { ...REQUEST, headgate: { deadline: 50 } }, withContext: true },
    );
    const error = await failureOf(run());
    expect(error).to.be.instanceOf(DeadlineError);
    expect(error.headgate).to.include({ reason: 'deadline' });
    expect(signal?.aborted).to.equal(true);
    await expectFree();
  });

  it('discards a response that arrives too late', async () => {
    const late = Promise.withResolvers<Response>();
    let cancelled = false;
    const run = gate.wrap(() => late.promise, { request: { ...REQUEST, headgate: { deadline: 20 } } });
    expect(await failureOf(run())).to.be.instanceOf(DeadlineError);
    const body = new ReadableStream({
      cancel: () => {
        cancelled = true;
      },
    });
    late.resolve(new Response(body));
    await sleep(5);
    expect(cancelled).to.equal(true);
  });

  it('is rejected when its gate closes while it waits', async () => {
    const late = Promise.withResolvers<string>();
    const inFlight = gate.wrap(() => late.promise, { request: REQUEST })();
    const queued = failureOf(gate.wrap(never, { request: REQUEST })());
    await sleep(10);
    const closing = gate.close();
    expect(await queued).to.be.instanceOf(ClosedError);
    late.resolve('ended');
    expect(await inFlight).to.equal('ended');
    await closing;
    expect(await failureOf(gate.wrap(never, { request: REQUEST })())).to.be.instanceOf(ClosedError);
  });
});
