import { expect } from 'chai';
import { CLIENTS } from './support/clients.ts';
import { type ClientResult, resultsOf, type SpanSeen } from './support/otel-cell.ts';

const CLIENT = 2;
const ERROR = 2;
const clientSpans = ({ spans }: ClientResult): SpanSeen[] => spans.filter(({ kind }) => kind === CLIENT);
const callSpans = ({ spans }: ClientResult): SpanSeen[] =>
  spans.filter(({ name }) => name.startsWith('headgate '));
const pathOf = ({ attributes }: SpanSeen): string => new URL(String(attributes['url.full'])).pathname;
const resends = (spans: readonly SpanSeen[]): unknown[] =>
  spans.map(({ attributes }) => attributes['http.request.resend_count'] ?? 0);

function total({ points }: ClientResult, name: string): number {
  return points.filter((point) => point.name === name).reduce((sum, { value }) => sum + value, 0);
}

const NAMES = Object.keys(CLIENTS);

function oneToOne(result: ClientResult): void {
  const spans = clientSpans(result);
  const { seen } = result;
  expect(spans.map(pathOf).sort()).to.deep.equal(seen.map(({ path }) => path).sort());
  const ids = spans.map(({ trace, id }) => `00-${trace}-${id}-01`);
  expect(ids.sort()).to.deep.equal(seen.map(({ traceparent }) => traceparent).sort());
  for (const span of spans) {
    const request = seen.find(({ traceparent }) => traceparent?.includes(span.id));
    expect(span.attributes['http.response.status_code'] ?? 0, pathOf(span)).to.equal(request?.status);
    expect(span.attributes['http.request.method']).to.equal(request?.method);
    const call = callSpans(result).find(({ trace, id }) => trace === span.trace && id === span.parent);
    expect(
      call !== undefined || span.attributes['http.request.resend_count'] !== undefined,
      'a parent',
    ).to.equal(true);
  }
}

describe('OpenTelemetry', function () {
  this.timeout(120_000);

  for (const sdk of [2, 3] as const) {
    for (const instrumented of [false, true]) {
      describe(`SDK ${sdk}, mode own, ${instrumented ? 'with' : 'without'} instrumentations`, () => {
        let results: ClientResult[];
        before(async () => {
          results = await resultsOf({ sdk, instrumented, mode: 'own' });
        });

        for (const client of NAMES) {
          const resultOf = (): ClientResult =>
            results.find((result) => result.client === client) as ClientResult;

          it(`${client}: has one CLIENT span for each request on the wire, whose traceparent it is`, () => {
            oneToOne(resultOf());
            expect(new Set(clientSpans(resultOf()).map(({ scope }) => scope))).to.deep.equal(
              new Set(['headgate']),
            );
          });

          it(`${client}: counts resends from 1, whatever their cause`, () => {
            const of = (...paths: string[]): unknown[] =>
              resends(clientSpans(resultOf()).filter((span) => paths.includes(pathOf(span))));
            expect(of('/busy')).to.deep.equal([0, 1, 2]);
            expect(of('/closed')).to.deep.equal([0, 1]);
            expect(of('/stale')).to.deep.equal(client === 'undici' ? [0] : [0, 1]);
            expect(of('/reset')).to.deep.equal([0, 1]);
            expect(of('/ok', '/moved')).to.deep.equal(client === 'undici' ? [0, 0, 0] : [0, 0, 1]);
          });

          it(`${client}: counts each request's duration once`, () => {
            expect(total(resultOf(), 'http.client.request.duration')).to.equal(resultOf().seen.length);
            const own = resultOf().points.filter(({ name }) => name === 'headgate.wait.duration');
            expect(own.reduce((sum, { value }) => sum + value, 0)).to.equal(resultOf().seen.length);
          });

          it(`${client}: calls a cured call no error, nor a cancelled one`, () => {
            const failed = callSpans(resultOf())
              .filter(({ status }) => status === ERROR)
              .map(pathOf);
            expect(failed).to.deep.equal(['/gone']);
            const [hang] = clientSpans(resultOf()).filter((span) => pathOf(span) === '/hang');
            expect(hang?.status).to.equal(0);
            expect(hang?.attributes).to.not.have.property('error.type');
          });

          it(`${client}: names errors by their status or fault, and the correlation ID`, () => {
            const of = (path: string): unknown[] =>
              clientSpans(resultOf())
                .filter((span) => pathOf(span) === path)
                .map(({ attributes, status }) => [
                  attributes['error.type'],
                  attributes['headgate.correlation_id'],
                  status,
                ]);
            expect(of('/busy')).to.deep.equal([
              ['503', 'id-busy-1', ERROR],
              ['503', 'id-busy-2', ERROR],
              [undefined, 'id-busy-3', 0],
            ]);
            expect(of('/reset')[0]).to.match(/^(ECONNRESET|UND_ERR_SOCKET),,2$/);
          });

          it(`${client}: tells of waits where logs are, else in the call's span`, () => {
            const { logs } = resultOf();
            const [closed] = callSpans(resultOf()).filter((span) => pathOf(span) === '/closed');
            if (sdk === 3) {
              expect(closed?.events).to.deep.equal([]);
              const told = logs.filter(({ trace }) => trace === closed?.trace).map(({ name }) => name);
              expect(told).to.include.members(['headgate.pause', 'headgate.retry']);
            } else expect(closed?.events).to.include.members(['headgate.pause', 'headgate.retry']);
          });
        }
      });
    }

    describe(`SDK ${sdk}, mode enrich, with instrumentations`, () => {
      let results: ClientResult[];
      before(async () => {
        results = await resultsOf({ sdk, instrumented: true, mode: 'enrich' });
      });

      for (const client of NAMES) {
        const resultOf = (): ClientResult =>
          results.find((result) => result.client === client) as ClientResult;

        it(`${client}: has the instrumentation's spans alone, each with its resend count and quota`, () => {
          oneToOne(resultOf());
          const spans = clientSpans(resultOf());
          expect(spans.map(({ scope }) => scope).join()).to.not.match(/headgate/);
          expect(spans.every(({ attributes }) => attributes['headgate.quota'] === 'one')).to.equal(true);
          const of = (path: string): unknown[] => resends(spans.filter((span) => pathOf(span) === path));
          expect(of('/busy')).to.deep.equal([0, 1, 2]);
          expect(of('/closed')).to.deep.equal([0, 1]);
          // Of fetch, the promise for a small response resolves after the instrumentation's span has ended.
          if (client === 'fetch') return;
          const id = spans.find((span) => pathOf(span) === '/gone')?.attributes['headgate.correlation_id'];
          expect(id).to.equal('id-gone-1');
        });

        it(`${client}: leaves the duration to the instrumentation`, () => {
          expect(total(resultOf(), 'http.client.request.duration')).to.equal(resultOf().seen.length);
        });
      }
    });
  }
});
