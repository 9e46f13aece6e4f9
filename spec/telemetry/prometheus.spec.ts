import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { headgate } from 'headgate';
import { prometheus } from 'headgate/prometheus';
import { Registry } from 'prom-client';
import { OptionsError } from '../../lib/words/errors.ts';
import { endings } from '../support/ending.ts';
import { CLIENTS, type ClientName } from './support/clients.ts';
import { Counter } from './support/counter.ts';

interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}

async function samplesOf(registry: Registry, name: string): Promise<Sample[]> {
  const metrics = (await registry.getMetricsAsJSON()) as unknown as { name: string; values: Sample[] }[];
  return metrics.flatMap(({ values, ...metric }) =>
    values.filter(({ metricName = metric.name }) => metricName === name),
  );
}

const sum = (samples: readonly Sample[]): number => samples.reduce((total, { value }) => total + value, 0);

describe('Prometheus', () => {
  const own = endings();

  for (const client of Object.keys(CLIENTS) as ClientName[]) {
    it(`counts what the server saw, one to one: ${client}`, async () => {
      const server = own(await Counter.start());
      const gate = own(
        headgate({
          name: client,
          adaptive: false,
          retry: { backoff: { base: 5, max: 10 } },
          quotas: [{ name: 'one', windows: [{ limit: 1000, per: '1m' }] }],
        }),
      );
      const registry = new Registry();
      prometheus(gate, { registry });
      const send = CLIENTS[client](gate);

      for (const path of ['/ok', '/busy', '/closed', '/gone', '/reset']) {
        await send(`${server.url}${path}`).catch(() => undefined);
      }

      const samples = (name: string): Promise<Sample[]> => samplesOf(registry, name);
      const { length } = server.seen;
      expect(sum(await samples('headgate_wait_duration_seconds_count'))).to.equal(length);
      const durations = await samples('headgate_attempt_duration_seconds_count');
      expect(Object.fromEntries(durations.map(({ labels, value }) => [labels.status, value]))).to.deep.equal({
        '2xx': 4,
        '4xx': 1,
        '5xx': 2,
        '429': 1,
        fault: 1,
      });
      expect(sum(durations)).to.equal(length);
      const retries = await samples('headgate_retries_total');
      expect(retries.map(({ labels, value }) => [labels.reason, value])).to.deep.equal([
        ['fault', 3],
        ['quota', 1],
      ]);
      const results = (await samples('headgate_calls_total')).map(({ labels, value }) => [
        labels.result,
        value,
      ]);
      expect(results).to.deep.equal([
        ['success', 4],
        ['terminal', 1],
      ]);
      expect(sum(await samples('headgate_attempts_per_call_sum'))).to.equal(length);
      expect(await samples('headgate_quota_used')).to.deep.include({
        value: length,
        labels: { gate: client, quota: 'one', window: '60s', unit: 'requests', source: 'declared' },
      });
      expect(sum(await samples('headgate_pauses_total'))).to.equal(1);
      expect(sum(await samples('headgate_queue_length'))).to.equal(0);
    });
  }

  it('shows several gates in one registry, and forgets one that is stopped', async () => {
    const registry = new Registry();
    const gates = ['a', 'b'].map((name) =>
      own(headgate({ name, quotas: [{ name: 'one', match: {}, windows: [{ limit: 5, per: '1m' }] }] })),
    );
    const stops = gates.map((gate) => prometheus(gate, { registry }));
    for (const gate of gates) await gate.fetch(async () => new Response(''))('http://localhost/');
    const shown = async (): Promise<unknown[]> =>
      (await samplesOf(registry, 'headgate_quota_limit')).map(({ labels }) => labels.gate);

    expect(await shown()).to.deep.equal(['a', 'b']);
    stops[0]?.();
    expect(await shown()).to.deep.equal(['b']);
    expect(await registry.metrics()).to.include('# TYPE headgate_quota_limit gauge');
  });

  it('bounds the number of quotas in labels', async () => {
    const registry = new Registry();
    const gate = own(headgate({ name: 'many' }));
    prometheus(gate, { registry, maxQuotas: 3 });
    const send = gate.fetch(async () => new Response(''));

    for (let n = 0; n < 20; n += 1) await send(`http://host-${n}.test/`);

    const calls = await samplesOf(registry, 'headgate_calls_total');
    expect(calls).to.have.length(4);
    expect(calls.find(({ labels }) => labels.quota === '_other')?.value).to.equal(17);
    expect(await samplesOf(registry, 'headgate_queue_length')).to.have.length(4);
  });

  it('refuses what is no gate, registry or number, and names what is allowed', () => {
    const gate = own(headgate());
    expect(() => prometheus({} as never)).to.throw(OptionsError, /a gate/);
    expect(() => prometheus(gate, { registry: {} as never })).to.throw(OptionsError, /registry/);
    expect(() => prometheus(gate, { registry: new Registry(), maxQuotas: -1 })).to.throw(
      OptionsError,
      /maxQuotas/,
    );
  });
});

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
  readonly panels?: readonly Panel[];
}

describe('The Grafana dashboard', () => {
  const text = readFileSync(new URL('../../dashboard.json', import.meta.url), 'utf8');
  const dashboard = JSON.parse(text) as {
    readonly panels: readonly Panel[];
    readonly templating: { readonly list: readonly { readonly name: string; readonly query?: unknown }[] };
  };
  const panels = dashboard.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
  const expressions = [
    ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ...dashboard.templating.list.map(({ query }) => JSON.stringify(query ?? '')),
  ];

  it('asks only for metrics and labels that exist', async () => {
    const registry = new Registry();
    const gate = headgate();
    prometheus(gate, { registry });
    await gate.close();
    const metrics = (await registry.getMetricsAsJSON()) as unknown as { name: string; type: string }[];
    const known = new Set(
      metrics.flatMap(({ name, type }) =>
        type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name],
      ),
    );
    const asked = expressions.flatMap((expr) => expr.match(/headgate_\w+/g) ?? []);

    expect(asked.length).to.be.above(10);
    expect([...new Set(asked)].filter((name) => !known.has(name))).to.deep.equal([]);
    const labels = new Set([
      'gate',
      'quota',
      'result',
      'reason',
      'cause',
      'status',
      'window',
      'unit',
      'source',
      'le',
    ]);
    const used = expressions.flatMap((expr) => [
      ...[...expr.matchAll(/(\w+)\s*(?:=~|!=|!~|=)\s*\\?"/g)].map(([, name]) => name as string),
      ...[...expr.matchAll(/\b(?:by|on|without) \(([^)]*)\)/g)].flatMap(([, names]) =>
        (names as string).split(',').map((name) => name.trim()),
      ),
    ]);
    expect(used.filter((name) => !labels.has(name))).to.deep.equal([]);
  });

  it('uses only variables that it declares, and has a title and a query on each panel', () => {
    const variables = new Set(dashboard.templating.list.map(({ name }) => name));
    const used = [...text.matchAll(/\$\{?([a-zA-Z_]+)\}?/g)].map(([, name]) => name as string);
    expect(used.filter((name) => !variables.has(name) && !name.startsWith('__'))).to.deep.equal([]);
    for (const { title, targets } of panels) {
      expect(title).to.match(/\w/);
      expect(targets ?? [], title).to.not.deep.equal([]);
    }
  });
});
