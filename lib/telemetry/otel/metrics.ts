import type { Attributes, Counter, Histogram, Meter, Observable } from '@opentelemetry/api';
import {
  type Bounded,
  COUNTED,
  count,
  type Figure,
  type Labels,
  type Observed,
  READ,
  read,
} from '../figures.ts';

/** Bounds by the stable HTTP conventions, in s. */
const DURATIONS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** `http.client.request.duration`, by the stable HTTP conventions. */
export function requestDuration(meter: Meter): Histogram {
  return meter.createHistogram('http.client.request.duration', {
    unit: 's',
    description: 'Duration of HTTP client requests.',
    advice: { explicitBucketBoundaries: DURATIONS },
  });
}

/** Exports a gate's figures. Returns a function that stops this. */
export function showMetrics(
  meter: Meter,
  gate: Observed & { readonly name: string },
  bounded: Bounded,
): () => void {
  const instruments = new Map(Object.values(COUNTED).map((figure) => [figure, instrument(meter, figure)]));
  const stopCounting = count(gate, ({ figure, value, labels }) =>
    instruments.get(figure)?.(value, attributesOf(bounded.labels(labels))),
  );
  const observables = new Map(Object.values(READ).map((figure) => [figure, observable(meter, figure)]));
  const all = [...observables.values()];
  const observe: Parameters<Meter['addBatchObservableCallback']>[0] = (result) => {
    for (const { figure, value, labels } of bounded.sums(read(gate, gate.name))) {
      result.observe(observables.get(figure) as Observable, value, attributesOf(labels));
    }
  };
  meter.addBatchObservableCallback(observe, all);
  return () => {
    stopCounting();
    meter.removeBatchObservableCallback(observe, all);
  };
}

type Add = (value: number, attributes: Attributes) => void;

function instrument(meter: Meter, { name, kind, unit, help, buckets }: Figure): Add {
  const options = { unit, description: help };
  if (kind === 'counter') {
    const counter: Counter = meter.createCounter(name, options);
    return (value, attributes) => counter.add(value, attributes);
  }
  const advice = buckets && { advice: { explicitBucketBoundaries: [...buckets] } };
  const histogram = meter.createHistogram(name, { ...options, ...advice });
  return (value, attributes) => histogram.record(value, attributes);
}

/** A figure that adds up over processes is an UpDownCounter. */
function observable(meter: Meter, figure: Figure): Observable {
  const { name, unit, help: description } = figure;
  return figure === READ.queue || figure === READ.flight
    ? meter.createObservableUpDownCounter(name, { unit, description })
    : meter.createObservableGauge(name, { unit, description });
}

function attributesOf(labels: Labels): Attributes {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [`headgate.${name}`, value]));
}
