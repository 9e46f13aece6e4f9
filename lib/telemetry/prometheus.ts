/** Prometheus metrics of gates, through `prom-client` 15. */
import { Counter, Gauge, Histogram, type Registry, register } from 'prom-client';
import { type AttemptEnd, type AttemptEvent, OptionsError, type Trace, type Tracer } from '../public.ts';
import {
  Bounded,
  COUNTED,
  count,
  type Figure,
  type Labels,
  type Observed,
  READ,
  read,
  type Value,
} from './figures.ts';
import { checkGate, maxQuotasOf } from './options.ts';

/** The parts of a gate that are collected. */
export interface Collectable extends Observed {
  /** Name of the gate: its label. */
  readonly name: string;
  /** Adds a tracer that follows its calls. */
  trace(tracer: Tracer): () => void;
}

/** Options of {@link prometheus}. */
export interface PrometheusOptions {
  /** Default: the global registry of `prom-client`. */
  readonly registry?: Registry | undefined;
  /** Maximum number of quotas with their own labels; the rest share the label `_other`. Default 100. */
  readonly maxQuotas?: number | undefined;
}

/** Duration of attempts; for Prometheus only, because OpenTelemetry has `http.client.request.duration`. */
const DURATION: Figure = {
  name: 'headgate.attempt.duration',
  kind: 'histogram',
  unit: 's',
  help: 'Duration of attempts, by the class of their status, or `fault` for those without a response.',
  labels: ['status'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
};

/** Units in metric names (https://prometheus.io/docs/practices/naming): base units, in full. */
const UNITS: Readonly<Record<string, string>> = { s: '_seconds' };

/** Names that do not follow from OpenTelemetry's. */
const NAMES: ReadonlyMap<Figure, string> = new Map([
  [COUNTED.attempts, 'headgate_attempts_per_call'],
  [READ.budget, 'headgate_retry_budget'],
]);

/** Name of a figure in Prometheus. */
export function metricName(figure: Figure): string {
  const { name, unit, kind } = figure;
  const base = NAMES.get(figure) ?? `${name.replaceAll('.', '_')}${UNITS[unit] ?? ''}`;
  return kind === 'counter' ? `${base}_total` : base;
}

/** Every figure that Prometheus gets. */
export const FIGURES: readonly Figure[] = [...Object.values(COUNTED), DURATION, ...Object.values(READ)];

/** The collectors of each registry. */
const collectors = new WeakMap<Registry, Collector>();

/**
 * Exports a gate's figures to a registry of `prom-client`, which several gates may share. Returns a function that stops
 * this for the gate. Throws `OptionsError`.
 *
 * Labels are bounded: `gate`, `quota` (at most `maxQuotas` of them), and values from fixed lists.
 *
 * @example
 * prometheus(gate);
 * http.createServer(async (_request, response) => response.end(await register.metrics())).listen(9464);
 */
export function prometheus(gate: Collectable, options: PrometheusOptions = {}): () => void {
  checkGate('prometheus', gate);
  const { registry = register } = options;
  if (typeof registry?.registerMetric !== 'function') {
    throw new OptionsError('registry', registry, 'a Registry of prom-client');
  }
  const bounded = new Bounded(maxQuotasOf(options));
  const collector = collectors.get(registry) ?? new Collector(registry);
  collectors.set(registry, collector);
  return collector.add(gate, bounded);
}

type Add = (labels: Record<string, string>, value: number) => void;

/** The metrics of one registry, and the gates that they cover. */
class Collector {
  readonly #adds: ReadonlyMap<Figure, Add>;
  readonly #gates = new Map<Collectable, Bounded>();

  constructor(registry: Registry) {
    const registers = [registry];
    const made = FIGURES.map((figure): [Figure, Add | undefined] => {
      const { kind, help, labels } = figure;
      const options = { name: metricName(figure), help, labelNames: ['gate', 'quota', ...labels], registers };
      if (kind === 'counter') {
        const counter = new Counter(options);
        return [figure, (of, value) => counter.inc(of, value)];
      }
      if (kind === 'histogram') {
        const histogram = new Histogram({ ...options, buckets: [...(figure.buckets ?? [])] });
        return [figure, (of, value) => histogram.observe(of, value)];
      }
      const values = (): Value[] => this.#read(figure);
      new Gauge({
        ...options,
        collect() {
          this.reset();
          for (const { labels: of, value } of values()) this.set({ ...of }, value);
        },
      });
      return [figure, undefined];
    });
    this.#adds = new Map(made.filter((pair): pair is [Figure, Add] => pair[1] !== undefined));
  }

  add(gate: Collectable, bounded: Bounded): () => void {
    if (this.#gates.has(gate)) return () => undefined;
    this.#gates.set(gate, bounded);
    const add = (figure: Figure, value: number, labels: Labels): void =>
      this.#adds.get(figure)?.({ ...bounded.labels(labels) }, value);
    const stops = [
      count(gate, ({ figure, value, labels }) => add(figure, value, labels)),
      gate.trace(
        durations((seconds, status, quota) => add(DURATION, seconds, { gate: gate.name, quota, status })),
      ),
    ];
    return () => {
      this.#gates.delete(gate);
      for (const stop of stops) stop();
    };
  }

  #read(figure: Figure): Value[] {
    return [...this.#gates].flatMap(([gate, bounded]) =>
      bounded.sums(read(gate, gate.name).filter((value) => value.figure === figure)),
    );
  }
}

/** Measures every attempt. */
function durations(add: (seconds: number, status: string, quota: string) => void): Tracer {
  return {
    attempt: ({ quota }: AttemptEvent): Trace<AttemptEnd> => ({
      end: ({ durationMs, status }) => add(durationMs / 1000, classOf(status), quota),
    }),
  };
}

/** Class of a status: `2xx`, …; `429` has its own; `fault` without a response. */
function classOf(status: number | undefined): string {
  if (status === undefined) return 'fault';
  return status === 429 ? '429' : `${Math.floor(status / 100)}xx`;
}
