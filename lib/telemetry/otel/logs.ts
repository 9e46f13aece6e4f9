import * as api from '@opentelemetry/api';
import { type Attributes, context, trace } from '@opentelemetry/api';
import type { AnyEvent, EventName } from '../../public.ts';
import type { Observed } from '../figures.ts';

/** The used part of a logger, from `@opentelemetry/api` 1.10 or later, or from `@opentelemetry/api-logs`. */
export interface LoggerLike {
  /** Emits one record. */
  emit(record: {
    eventName?: string;
    severityNumber?: number;
    attributes?: Attributes;
    context?: api.Context;
  }): void;
  /** False if a record would be discarded. */
  enabled?(): boolean;
}

/** The used part of a logger provider. */
export interface LoggerProviderLike {
  /** Returns a logger. */
  getLogger(name: string): LoggerLike;
}

/** OpenTelemetry's severity numbers. */
const INFO = 9;
const WARN = 13;

/** Events that are reported, by name. */
const REPORTED: ReadonlyMap<EventName, { readonly name: string; readonly severityNumber: number }> = new Map([
  ['queued', { name: 'headgate.wait', severityNumber: INFO }],
  ['retry', { name: 'headgate.retry', severityNumber: WARN }],
  ['pause', { name: 'headgate.pause', severityNumber: WARN }],
  ['resume', { name: 'headgate.resume', severityNumber: INFO }],
  ['learned', { name: 'headgate.learned', severityNumber: INFO }],
  ['near', { name: 'headgate.near', severityNumber: WARN }],
  ['ledger', { name: 'headgate.ledger', severityNumber: WARN }],
] as const);

/** Events without a call, so the active span has nothing to do with them. */
const NO_CALL: ReadonlySet<EventName> = new Set(['resume', 'learned', 'near', 'ledger']);

/**
 * Reports waits, retries and pauses: as log events if there is a logger provider, else as events of the call's span.
 * Returns a function that stops this.
 */
export function tellEvents(gate: Observed, provider: LoggerProviderLike | undefined): () => void {
  const logs = provider ?? (api as { readonly logs?: LoggerProviderLike }).logs;
  const logger = logs?.getLogger('headgate');
  const tell = (given: object): void => {
    const event = given as AnyEvent;
    const { name, severityNumber } = REPORTED.get(event.type) as { name: string; severityNumber: number };
    const attributes = attributesOf(event);
    if (logger && logger.enabled?.() !== false) {
      logger.emit({ eventName: name, severityNumber, attributes, context: context.active() });
    } else if (!NO_CALL.has(event.type) && 'call' in event) {
      trace.getActiveSpan()?.addEvent(name, attributes);
    }
  };
  for (const name of REPORTED.keys()) gate.on(name, tell);
  return () => {
    for (const name of REPORTED.keys()) gate.off(name, tell);
  };
}

/** Names of the fields that the conventions name. */
const NAMES: Readonly<Record<string, string>> = {
  method: 'http.request.method',
  url: 'url.full',
  status: 'http.response.status_code',
  correlationId: 'headgate.correlation_id',
};

/** Fields left out: the record has its own moment and name, and `untilMs` exists only for compatibility. */
const LEFT_OUT: ReadonlySet<string> = new Set(['type', 'at', 'untilMs']);

/** An event's fields as attributes: durations in s under names without `Ms`. */
function attributesOf(event: AnyEvent): Attributes {
  const attributes: Attributes = {};
  for (const [field, value] of Object.entries(event)) {
    if (LEFT_OUT.has(field) || !['string', 'number', 'boolean'].includes(typeof value)) continue;
    const duration = field.endsWith('Ms') && typeof value === 'number';
    const name = NAMES[field] ?? `headgate.${duration ? field.slice(0, -2) : field}`;
    attributes[name] = duration ? (value as number) / 1000 : (value as string | number | boolean);
  }
  return attributes;
}
