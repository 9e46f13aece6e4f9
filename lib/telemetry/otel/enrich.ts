import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  type Span,
  SpanKind,
  type Tracer as SpanMaker,
} from '@opentelemetry/api';
import type { AttemptEnd, AttemptEvent, CallBeginEvent, CallEnd, Trace, Tracer } from '../../public.ts';
import { CORRELATION_ID, ownOf } from './attributes.ts';
import { callSpan } from './spans.ts';

/** Key of the call that requests sent in a context belong to. */
const CALL = createContextKey('headgate call');

/** A call, and its attempt on the wire. */
interface Current {
  attempt?: AttemptEvent;
  /** The instrumentation's span of the attempt. */
  span?: Span | undefined;
}

/** Connects the spans of an HTTP instrumentation with their attempts. Makes only one span itself, for the call. */
export class EnrichedSpans implements Tracer {
  readonly #spans: SpanMaker;

  constructor(spans: SpanMaker) {
    this.#spans = spans;
  }

  call(call: CallBeginEvent): Trace<CallEnd> | undefined {
    const current: Current = {};
    return callSpan(this.#spans, call, CALL, current);
  }

  attempt(attempt: AttemptEvent): Trace<AttemptEnd> | undefined {
    const current = context.active().getValue(CALL) as Current | undefined;
    if (!current) return undefined;
    current.attempt = attempt;
    current.span = undefined;
    const identify = ({ correlationId }: { correlationId?: string | undefined }): void => {
      // A later attempt has its own span.
      if (correlationId === undefined || current.attempt !== attempt) return;
      if (current.span?.isRecording()) current.span.setAttribute(CORRELATION_ID, correlationId);
    };
    return { answered: identify, end: identify };
  }
}

/** A span as SDKs hand it to their processors. */
export interface StartedSpan extends Span {
  /** Kind of the span. */
  readonly kind: SpanKind;
  /** Attributes at its start. */
  readonly attributes: Attributes;
}

/** The parts of an SDK's SpanProcessor, of SDK 1 to 3. */
export interface HeadgateSpanProcessor {
  /** Adds what the gate knows to the span of an attempt. */
  onStart(span: StartedSpan, parentContext: Context): void;
  /** Does nothing. */
  onEnd(): void;
  /** Does nothing. */
  forceFlush(): Promise<void>;
  /** Does nothing. */
  shutdown(): Promise<void>;
}

/** Adds what the gate knows of an attempt to the span that an instrumentation begins for it. */
export const processor: HeadgateSpanProcessor = {
  onStart(span, parentContext) {
    const current = parentContext.getValue(CALL) as Current | undefined;
    const { attempt } = current ?? {};
    if (!current || !attempt || span.kind !== SpanKind.CLIENT || !isHttp(span.attributes)) return;
    current.span = span;
    span.setAttributes({ ...ownOf(attempt), ...redacted(span.attributes, attempt) });
  },
  onEnd: () => undefined,
  forceFlush: async () => undefined,
  shutdown: async () => undefined,
};

function isHttp(attributes: Attributes): boolean {
  return 'http.request.method' in attributes || 'http.method' in attributes;
}

/** The URLs among a span's attributes, without secrets; `http.url` and `http.target` are from older conventions. */
function redacted(given: Attributes, attempt: AttemptEvent): Attributes {
  const full = given['url.full'] ?? given['http.url'];
  if (typeof full !== 'string' || !URL.canParse(full)) return {};
  const url = new URL(full);
  // The span may belong to another request that the attempt led to; its query may hold secrets.
  const other = `${url.origin}${url.pathname}${url.search && '?REDACTED'}`;
  const shown = new URL(attempt.url).host === url.host ? attempt.url : other;
  const { pathname, search } = new URL(shown);
  const safe: Attributes = {
    'url.full': shown,
    'http.url': shown,
    'url.path': pathname,
    'url.query':
      given['url.query'] === '' || String(given['url.query']).startsWith('?') ? search : search.slice(1),
    'http.target': pathname + search,
  };
  return Object.fromEntries(Object.entries(safe).filter(([name]) => name in given));
}
