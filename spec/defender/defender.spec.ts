import { expect } from 'chai';
import got from 'got';
import { DeadlineError, type Headgate, headgate, OptionsError, reportOf } from 'headgate';
import {
  ActionError,
  adoptAction,
  BatchError,
  type Client,
  PagingError,
  pages,
  pollAction,
  RefusedError,
  splitBatch,
} from 'headgate/defender';
import { defender } from 'headgate/profiles';
import { simulate } from 'headgate/simulator';
import { virtualClock } from 'headgate/testing';
import { endings } from '../support/ending.ts';
import { TestServer } from '../support/server.ts';

const CLIENTS: Record<string, (gate: Headgate) => Client> = {
  fetch: (gate) => gate.fetch(),
  got: (gate) => gate.got(got),
};

async function rejected(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  return promise.then(
    () => expect.fail('it was fulfilled'),
    (error: Error & Record<string, unknown>) => error,
  );
}

async function collect<T>(all: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const each of all) found.push(each);
  return found;
}

const refusal = (code: string, message = 'Free text.'): unknown => ({
  error: { code, message, target: '11111111-2222-4333-8444-555555555555' },
});

for (const [name, clientOf] of Object.entries(CLIENTS)) {
  describe(`Longer work with Defender, by ${name}`, () => {
    const use = endings();
    let server: TestServer;
    let client: Client;
    let bodies: Record<string, unknown>[];

    beforeEach(async () => {
      server = use(Object.assign(await TestServer.start(), { [Symbol.asyncDispose]: () => server.close() }));
      client = clientOf(use(headgate({ profile: defender() })));
      bodies = [];
    });

    /** Answers by what it is asked for. */
    const answers = (
      answer: (url: URL, n: number, body: Record<string, unknown>) => [status: number, body: unknown],
    ): void => {
      server.handler = (n, request, response) => {
        request.once('end', () => {
          const sent = server.seen[n - 1]?.body || '{}';
          bodies.push(JSON.parse(sent) as Record<string, unknown>);
          const [status, body] = answer(new URL(request.url ?? '', server.url), n, JSON.parse(sent));
          response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
        });
        request.resume();
      };
    };

    describe('pages()', () => {
      it('walks the simulated list to its end, and tells how far it is', async () => {
        const api = use(await simulate({ auth: false, machines: 250, pageSize: 100 }));
        const all = await collect(pages<{ id: string }>(client, `${api.url}/api/machines`));
        expect(all.map(({ number, done }) => [number, done])).to.deep.equal([
          [1, 100],
          [2, 200],
          [3, 250],
        ]);
        expect(new Set(all.flatMap(({ items }) => items.map(({ id }) => id))).size).to.equal(250);
      });

      it('tells the total and the time left, where the API counts', async () => {
        answers((_url, n) => [
          200,
          {
            '@odata.count': 4,
            value: [n, n],
            ...(n < 2 && { '@odata.nextLink': `${server.url}/api/alerts?$skip=2` }),
          },
        ]);
        const [first, last] = await collect(pages(client, `${server.url}/api/alerts?$count=true`));
        expect(first).to.include({ done: 2, total: 4 });
        expect(first?.leftMs).to.be.above(0);
        expect(last?.leftMs).to.equal(0);
      });

      it('pages by $top and $skip until a page is not full', async () => {
        answers((url) => {
          const skip = Number(url.searchParams.get('$skip') ?? 0);
          return [200, { value: [1, 2, 3, 4, 5].slice(skip, skip + Number(url.searchParams.get('$top'))) }];
        });
        const all = await collect(pages(client, `${server.url}/api/alerts`, { pageSize: 2 }));
        expect(all.map(({ items }) => items)).to.deep.equal([[1, 2], [3, 4], [5]]);
      });

      it('puts back a filter that a link has lost', async () => {
        answers((url, n) => [
          200,
          {
            value: [url.searchParams.get('$filter')],
            ...(n < 2 && { '@odata.nextLink': `${server.url}/api/machines?=x&$skip=1` }),
          },
        ]);
        const all = await collect(
          pages(client, `${server.url}/api/machines?$filter=healthStatus eq 'Active'`),
        );
        expect(all.flatMap(({ items }) => items)).to.deep.equal(Array(2).fill("healthStatus eq 'Active'"));
      });

      it('follows no link to another origin, and none twice', async () => {
        answers(() => [200, { value: [1], '@odata.nextLink': 'https://evil.example/api/machines' }]);
        const away = await rejected(collect(pages(client, `${server.url}/api/machines`)));
        expect(away).to.be.instanceOf(PagingError);
        expect(away.message).to.include('another origin');
        answers(() => [200, { value: [1], '@odata.nextLink': `${server.url}/api/machines?$skip=1` }]);
        const loop = await rejected(collect(pages(client, `${server.url}/api/machines`)));
        expect(loop).to.be.instanceOf(PagingError);
        expect(loop.message).to.include('repeats an earlier page');
        expect(server.seen).to.have.length(3);
      });

      it('ends by its signal and by a refusal, with the record', async () => {
        answers(() => [404, refusal('ResourceNotFound')]);
        const error = await rejected(collect(pages(client, `${server.url}/api/machines`)));
        expect(error).to.be.instanceOf(RefusedError).and.include({ status: 404, code: 'ResourceNotFound' });
        expect(reportOf(error)?.correlationId).to.equal('11111111-2222-4333-8444-555555555555');
        const reason = new Error('enough');
        const aborted = collect(
          pages(client, `${server.url}/api/machines`, { signal: AbortSignal.abort(reason) }),
        );
        await rejected(aborted);
        expect(server.seen).to.have.length(1);
      });

      it('names a wrong option', async () => {
        expect(await rejected(collect(pages(client, '/api/machines')))).to.be.instanceOf(OptionsError);
        const wrong = collect(pages(client, server.url, { pageSize: 0 }));
        expect((await rejected(wrong)).message).to.include('pageSize');
      });
    });

    describe('splitBatch()', () => {
      const items = Array.from({ length: 1100 }, (_, index) => ({ indicatorValue: `v${index}` }));
      const request = () => ({
        url: `${server.url}/api/indicators/import`,
        body: (Indicators: readonly unknown[]) => ({ Indicators }),
      });
      const sizes = (): number[] => bodies.map(({ Indicators }) => (Indicators as unknown[]).length);

      it('sends parts of the size that the refusal names, in order', async () => {
        answers((_url, _n, { Indicators }) =>
          (Indicators as unknown[]).length > 500
            ? [400, refusal('MaximumBatchSizeExceeded', 'Received 1100 indicators, allowed: 500.')]
            : [200, { value: Indicators }],
        );
        const { answers: parts, failed, size } = await splitBatch(client, request(), items);
        expect(sizes()).to.deep.equal([1100, 500, 500, 100]);
        expect(parts.flatMap((each) => (each as { value: unknown[] }).value)).to.deep.equal(items);
        expect(failed).to.deep.equal([]);
        expect(size).to.equal(500);
      });

      it('sends halves where the refusal names no size', async () => {
        answers((_url, _n, { Indicators }) =>
          (Indicators as unknown[]).length > 300
            ? [400, refusal('MaximumBatchSizeExceeded', 'Zu viele.')]
            : [200, {}],
        );
        await splitBatch(client, request(), items);
        expect(sizes().slice(0, 4)).to.deep.equal([1100, 550, 275, 275]);
        expect(
          sizes()
            .slice(2)
            .reduce((a, b) => a + b),
        ).to.equal(1100);
      });

      it('tells which items of a good answer failed', async () => {
        answers((_url, _n, { Indicators }) => [
          200,
          {
            value: (Indicators as { indicatorValue: string }[]).map(({ indicatorValue }) => ({
              indicator: indicatorValue,
              isFailed: indicatorValue === 'v3',
              failureReason: indicatorValue === 'v3' ? 'Max capacity exceeded' : null,
            })),
          },
        ]);
        const { failed } = await splitBatch(client, request(), items.slice(0, 5), { size: 2 });
        expect(failed).to.deep.equal([{ item: items[3], index: 3, reason: 'Max capacity exceeded' }]);
      });

      it('keeps what was done when a part is refused', async () => {
        answers((_url, n) => (n === 1 ? [200, { value: [] }] : [400, refusal('InvalidInput')]));
        const error = await rejected(splitBatch(client, request(), items.slice(0, 4), { size: 2 }));
        expect(error).to.be.instanceOf(BatchError).and.include({ next: 2 });
        expect((error as unknown as BatchError).result.answers).to.have.length(1);
        expect(error.cause).to.be.instanceOf(RefusedError).and.include({ code: 'InvalidInput' });
      });

      it('sends nothing for nothing', async () => {
        expect((await splitBatch(client, request(), [])).answers).to.deep.equal([]);
        expect(server.seen).to.deep.equal([]);
      });
    });

    describe('pollAction()', () => {
      const action = (status: string) => ({ id: 'a1', type: 'Isolate', status, machineId: 'm1' });

      it('looks until the action has succeeded', async () => {
        const seen: string[] = [];
        answers((_url, n) => [200, action(['Pending', 'InProgress', 'Succeeded'][n - 1] ?? 'Succeeded')]);
        const url = `${server.url}/api/machineactions/a1`;
        const onProgress = ({ status }: { status: string }) => void seen.push(status);
        expect(await pollAction(client, url, { every: 5, onProgress })).to.deep.equal(action('Succeeded'));
        expect(seen).to.deep.equal(['Pending', 'InProgress', 'Succeeded']);
      });

      for (const status of ['Failed', 'TimeOut', 'Cancelled']) {
        it(`throws for an action that ended as ${status}`, async () => {
          answers(() => [200, action(status)]);
          const error = await rejected(pollAction(client, `${server.url}/api/machineactions/a1`));
          expect(error)
            .to.be.instanceOf(ActionError)
            .and.deep.include({ action: action(status) });
        });
      }

      it('fails at once if the next look would come after the deadline, and ends by its signal', async () => {
        answers(() => [200, action('Pending')]);
        const url = `${server.url}/api/machineactions/a1`;
        const late = await rejected(pollAction(client, url, { every: '1h', deadline: '30m' }));
        expect(late).to.be.instanceOf(DeadlineError).and.include({ waitMs: 3_600_000 });
        const abort = new AbortController();
        const polling = pollAction(client, url, {
          every: '1h',
          signal: abort.signal,
          onProgress: () => queueMicrotask(() => abort.abort(new Error('enough'))),
        });
        expect((await rejected(polling)).message).to.equal('enough');
      });

      it('looks less and less often by default', async () => {
        const clock = virtualClock();
        const times: number[] = [];
        const look = async (): Promise<Response> => {
          times.push(clock.now());
          return Response.json(action(times.length < 13 ? 'InProgress' : 'Succeeded'));
        };
        const start = clock.now();
        const polling = pollAction(look, `${server.url}/api/machineactions/a1`, { clock });
        await clock.advance(600_000);
        await polling;
        const waits = times.slice(1).map((time, index) => Math.round(time - (times[index] ?? start)));
        expect(waits.slice(0, 3)).to.deep.equal([2000, 3000, 4500]);
        expect(Math.max(...waits)).to.equal(60_000);
      });
    });

    describe('adoptAction()', () => {
      const request = () => ({
        url: `${server.url}/api/machines/m'1/isolate`,
        body: { Comment: 'x', IsolationType: 'Full' },
      });
      const found = (type: string, status: string) => ({ id: `${type}-${status}`, type, status });

      it('starts the action', async () => {
        answers(() => [201, found('Isolate', 'Pending')]);
        expect(await adoptAction(client, request())).to.deep.equal({
          action: found('Isolate', 'Pending'),
          adopted: false,
        });
        expect(bodies).to.deep.equal([{ Comment: 'x', IsolationType: 'Full' }]);
      });

      it('gives the pending action of the same type on the same machine', async () => {
        let filter: string | null = null;
        answers((url, n) => {
          if (n === 1) return [400, refusal('ActiveRequestAlreadyExists')];
          filter = url.searchParams.get('$filter');
          const value = [
            found('RunAntiVirusScan', 'Pending'),
            found('Isolate', 'Failed'),
            found('Isolate', 'InProgress'),
          ];
          return [200, { value }];
        });
        expect(await adoptAction(client, request())).to.deep.equal({
          action: found('Isolate', 'InProgress'),
          adopted: true,
        });
        expect(filter).to.equal("machineId eq 'm''1'");
      });

      it('leaves the refusal if none is pending, and any other', async () => {
        answers((_url, n) =>
          n === 1
            ? [400, refusal('ActiveRequestAlreadyExists')]
            : [200, { value: [found('Isolate', 'Failed')] }],
        );
        expect(await rejected(adoptAction(client, request()))).to.include({
          code: 'ActiveRequestAlreadyExists',
        });
        answers(() => [403, refusal('Forbidden')]);
        expect(await rejected(adoptAction(client, request()))).to.include({ status: 403, code: 'Forbidden' });
        expect(await rejected(adoptAction(client, { url: server.url, body: {} }))).to.be.instanceOf(
          OptionsError,
        );
      });
    });
  });
}
