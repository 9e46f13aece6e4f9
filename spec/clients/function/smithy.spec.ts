import { expect } from 'chai';
import { type Headgate, headgate } from 'headgate';
import { failureOf, names, record } from '../../support/server.ts';

const REQUEST = { method: 'POST', url: 'https://dynamodb.eu-west-1.amazonaws.com/' } as const;

/** An error as the SDKs made with Smithy throw it. */
function refusal(name: string, status: number | undefined, fields: object = {}): Error {
  const $metadata = { httpStatusCode: status, requestId: 'id-1', attempts: 1 };
  return Object.assign(new Error(name), { name, $metadata, ...fields });
}

describe('A wrapped function of an SDK made with Smithy', () => {
  let gate: Headgate;
  beforeEach(() => {
    gate = headgate({ retry: { attempts: 2, backoff: { base: 1, max: 1 }, budget: false } });
  });
  afterEach(() => gate.close());

  for (const [what, error] of Object.entries({
    '$retryable.throttling': refusal('Busy', 400, { $fault: 'client', $retryable: { throttling: true } }),
    'its name': refusal('ProvisionedThroughputExceededException', 400, { $fault: 'client' }),
    'its status': refusal('Other', 429, { $response: { statusCode: 429, headers: { 'retry-after': '0' } } }),
  })) {
    it(`is throttled, and resent whatever its method, by ${what}`, async () => {
      const replies: unknown[] = [error];
      const send = gate.wrap(
        async () => {
          const reply = replies.shift();
          if (reply) throw reply;
          return { output: { $metadata: { httpStatusCode: 200 } } };
        },
        { request: REQUEST },
      );
      const events = record(gate);
      await send();
      const retry = events.find(({ type }) => type === 'retry');
      expect(retry).to.include({ verdict: 'throttled', reason: 'quota', correlationId: 'id-1' });
    });
  }

  it('is resent after a fault that its model calls retryable, if resending is safe', async () => {
    for (const error of [
      refusal('Internal', undefined, { $fault: 'server' }),
      refusal('Passing', 400, { $fault: 'client', $retryable: {} }),
    ]) {
      let calls = 0;
      const send = gate.wrap(
        async () => {
          calls += 1;
          throw error;
        },
        { request: { ...REQUEST, headgate: { idempotent: true } } },
      );
      expect(await failureOf(send())).to.equal(error);
      expect(calls).to.equal(2);
    }
    const final = refusal('ValidationException', 400, { $fault: 'client' });
    const events = record(gate);
    const send = gate.wrap(() => Promise.reject(final), { request: REQUEST });
    expect((await failureOf(send())).headgate.attempts[0]).to.include({ code: 'ValidationException' });
    expect(names(events)).to.not.include('retry');
  });

  it('has its status and ID read from a result, with or without a response', async () => {
    const results = [
      { response: { statusCode: 503, headers: { 'x-amzn-requestid': 'r' }, body: '' }, output: {} },
      { response: { statusCode: 201, headers: {} }, output: { $metadata: { httpStatusCode: 201 } } },
      { $metadata: { httpStatusCode: 202, requestId: 'r2' } },
      { output: { $metadata: { httpStatusCode: 204 } } },
    ];
    const send = gate.wrap(async () => results.shift(), { request: { ...REQUEST, method: 'GET' } });
    const events = record(gate);
    for (let i = 0; i < 3; i += 1) await send();
    expect(events.find(({ type }) => type === 'retry')).to.include({ status: 503, correlationId: 'r' });
    const successes = events.filter(({ type }) => type === 'success') as { status?: number }[];
    expect(successes.map(({ status }) => status)).to.deep.equal([201, 202, 204]);
  });

  it('raises `stacked-retries` if it retried by itself', async () => {
    const events = record(gate);
    for (const result of [
      { $metadata: { httpStatusCode: 200, attempts: 3 } },
      { output: { $metadata: { httpStatusCode: 200, attempts: 2 } } },
    ]) {
      await gate.wrap(async () => result, { request: REQUEST })();
    }
    const warnings = events.filter(({ type }) => type === 'warning');
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.include({ code: 'stacked-retries' });
  });

  it('never fails because of what it returns or throws', async () => {
    const hostile = new Proxy(
      {},
      {
        get: (_target, key) => {
          if (key === 'then') return undefined;
          throw new Error('no');
        },
      },
    );
    expect(await gate.wrap(async () => hostile, { request: REQUEST })()).to.equal(hostile);
    const thrown = await gate
      .wrap(() => Promise.reject(hostile), { request: REQUEST })()
      .catch((e) => e);
    expect(thrown).to.equal(hostile);
  });
});
