/**
 * A gate's figures, for any collector: their names, kinds and labels, and how they derive from events and
 * `gate.quotas()`.
 */
import type { AnyEvent, EventName, Listener, QuotaSnapshot, WindowSnapshot } from '../public.ts';

/** The parts of a gate that figures are taken from. */
export interface Observed {
  quotas(): QuotaSnapshot[];
  on<Name extends EventName>(name: Name, listener: Listener<Name>): unknown;
  off<Name extends EventName>(name: Name, listener: Listener<Name>): unknown;
}

/** Labels of one figure's value. */
export type Labels = Readonly<Record<string, string>>;

/** One figure. */
export interface Figure {
  /** Name in OpenTelemetry. */
  readonly name: string;
  readonly kind: 'counter' | 'histogram' | 'gauge';
  /** Unit by the UCUM, as OpenTelemetry writes it. */
  readonly unit: string;
  readonly help: string;
  /** Names of its labels, in addition to `gate` and `quota`. */
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
}

/** Bounds for waits, in s: from a turn of the event loop to a day's window. */
const WAITS = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];

const WINDOW_LABELS = ['window', 'unit', 'source'] as const;

/** Figures counted event by event. */
export const COUNTED: Readonly<
  Record<'wait' | 'calls' | 'attempts' | 'retries' | 'delay' | 'pauses', Figure>
> = {
  wait: {
    name: 'headgate.wait.duration',
    kind: 'histogram',
    unit: 's',
    help: 'Time an attempt waited at the gate before it was sent; 0 for an attempt that did not wait.',
    labels: [],
    buckets: WAITS,
  },
  calls: {
    name: 'headgate.calls',
    kind: 'counter',
    unit: '{call}',
    help: 'Calls that ended, by result: success, or the reason of the failure.',
    labels: ['result'],
  },
  attempts: {
    name: 'headgate.attempts',
    kind: 'histogram',
    unit: '{attempt}',
    help: 'Attempts per call.',
    labels: ['result'],
    buckets: [0, 1, 2, 3, 4, 5, 8, 12, 20, 50],
  },
  retries: {
    name: 'headgate.retries',
    kind: 'counter',
    unit: '{request}',
    help: 'Attempts that will be sent again, by reason: quota, fault or token.',
    labels: ['reason'],
  },
  delay: {
    name: 'headgate.retry.delay',
    kind: 'histogram',
    unit: 's',
    help: 'Expected delay before an attempt is sent again.',
    labels: ['reason'],
    buckets: WAITS,
  },
  pauses: {
    name: 'headgate.pauses',
    kind: 'counter',
    unit: '{pause}',
    help: 'Pauses of a quota, by cause: header, message, backoff or peer.',
    labels: ['cause'],
  },
};

/** Figures read from `gate.quotas()`. */
export const READ: Readonly<Record<'queue' | 'flight' | 'used' | 'limit' | 'paused' | 'budget', Figure>> = {
  queue: {
    name: 'headgate.queue.length',
    kind: 'gauge',
    unit: '{request}',
    help: 'Attempts that are queued at the gate.',
    labels: [],
  },
  flight: {
    name: 'headgate.requests.in_flight',
    kind: 'gauge',
    unit: '{request}',
    help: 'Attempts in flight.',
    labels: [],
  },
  used: {
    name: 'headgate.quota.used',
    kind: 'gauge',
    unit: '{request}',
    help: 'Amount that counts against the limit now.',
    labels: WINDOW_LABELS,
  },
  limit: {
    name: 'headgate.quota.limit',
    kind: 'gauge',
    unit: '{request}',
    help: 'The limit, declared or learned.',
    labels: WINDOW_LABELS,
  },
  paused: {
    name: 'headgate.quota.paused',
    kind: 'gauge',
    unit: '1',
    help: '1 while the quota is closed, 0 while it is open.',
    labels: [],
  },
  budget: {
    name: 'headgate.budget',
    kind: 'gauge',
    unit: '{request}',
    help: 'Retries that the quota may spend now.',
    labels: [],
  },
};

/** One value of a figure. */
export interface Value {
  readonly figure: Figure;
  readonly value: number;
  readonly labels: Labels;
}

/** The values that an event adds. */
function valuesOf(event: AnyEvent): Value[] {
  const of = (figure: Figure, value: number, labels: Labels = {}): Value => {
    const { gate, quota = '' } = event as { gate: string; quota?: string };
    return { figure, value, labels: { gate, quota, ...labels } };
  };
  switch (event.type) {
    case 'attempt':
      return [of(COUNTED.wait, event.waitedMs / 1000)];
    case 'retry': {
      const { reason, delayMs } = event;
      return [of(COUNTED.retries, 1, { reason }), of(COUNTED.delay, delayMs / 1000, { reason })];
    }
    case 'pause':
      return [of(COUNTED.pauses, 1, { cause: event.cause })];
    case 'success':
    case 'failure': {
      const result = event.type === 'success' ? 'success' : event.reason;
      return [of(COUNTED.calls, 1, { result }), of(COUNTED.attempts, event.attempt, { result })];
    }
    default:
      return [];
  }
}

const COUNTED_EVENTS: readonly EventName[] = ['attempt', 'retry', 'pause', 'success', 'failure'];

/** Passes every value that the gate's events add to `add`. Returns a function that stops this. */
export function count(gate: Observed, add: (value: Value) => void): () => void {
  const listener = (event: object): void => {
    for (const value of valuesOf(event as AnyEvent)) add(value);
  };
  for (const name of COUNTED_EVENTS) gate.on(name, listener);
  return () => {
    for (const name of COUNTED_EVENTS) gate.off(name, listener);
  };
}

/** The state of a gate's quotas, as values of figures. */
export function read(gate: Observed, name: string): Value[] {
  return gate.quotas().flatMap((quota) => {
    const of = (figure: Figure, value: number, labels: Labels = {}): Value => ({
      figure,
      value,
      labels: { gate: name, quota: quota.key, ...labels },
    });
    const { queued, inFlight, pausedUntil, retryBudget } = quota;
    const limits = limitsOf(quota).flatMap(({ used, limit, ...labels }) => [
      of(READ.used, used, labels),
      of(READ.limit, limit, labels),
    ]);
    return [
      of(READ.queue, queued),
      of(READ.flight, inFlight),
      of(READ.paused, pausedUntil === undefined ? 0 : 1),
      ...(retryBudget === undefined ? [] : [of(READ.budget, retryBudget)]),
      ...limits,
    ];
  });
}

interface Limit {
  readonly used: number;
  readonly limit: number;
  /** Length of the window, e.g. `60s`; `concurrency` for a limit of attempts in flight. */
  readonly window: string;
  readonly unit: string;
  readonly source: 'declared' | 'learned';
}

function limitsOf({ windows, concurrency, inFlight, learned }: QuotaSnapshot): Limit[] {
  type Shown = Pick<WindowSnapshot, 'limit' | 'per' | 'used' | 'unit'>;
  const of = (source: Limit['source']) => (window: Shown) => {
    const { limit, used, per, unit = 'requests' } = window;
    return { used, limit, window: per === 0 ? 'concurrency' : `${per / 1000}s`, unit, source };
  };
  const atOnce = (limit: number | undefined, source: Limit['source']): Limit[] =>
    limit === undefined ? [] : [{ used: inFlight, limit, window: 'concurrency', unit: 'requests', source }];
  return [
    ...windows.map(of('declared')),
    ...atOnce(concurrency, 'declared'),
    ...(learned?.windows ?? []).map(of('learned')),
    ...atOnce(learned?.concurrency, 'learned'),
  ];
}

/** Bounds the number of different quotas in labels: further quotas share the label `_other`. */
export class Bounded {
  readonly #most: number;
  readonly #known = new Set<string>();

  constructor(most: number) {
    this.#most = most;
  }

  labels(labels: Labels): Labels {
    const { gate = '', quota = '' } = labels;
    const key = JSON.stringify([gate, quota]);
    if (this.#known.has(key)) return labels;
    if (this.#known.size >= this.#most) return { ...labels, quota: '_other' };
    this.#known.add(key);
    return labels;
  }

  /** The values with bounded labels; gauges that then share their labels are added up. */
  sums(values: readonly Value[]): Value[] {
    const sums = new Map<string, Value>();
    for (const { figure, value, labels: given } of values) {
      const labels = this.labels(given);
      const key = JSON.stringify([figure.name, Object.entries(labels)]);
      sums.set(key, { figure, labels, value: value + (sums.get(key)?.value ?? 0) });
    }
    return [...sums.values()];
  }
}
