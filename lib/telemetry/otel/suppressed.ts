import { type Context, createContextKey } from '@opentelemetry/api';

/** Key of `suppressTracing` in `@opentelemetry/core`, which every SDK since 1.0 respects. */
const SUPPRESSED = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
/** Key of the active span in `@opentelemetry/api`. */
const SPAN = createContextKey('OpenTelemetry Context Key SPAN');

/** True if no spans are wanted, e.g. for an exporter's own requests. */
export function isSuppressed(context: Context): boolean {
  return context.getValue(SUPPRESSED) === true;
}

/** State of a call while its attempts are sent. */
export interface Sending {
  /** True from the sending of an attempt until the head of its response: instrumentations make no spans meanwhile. */
  active: boolean;
  /** True once an HTTP instrumentation has handled a request. */
  instrumented: boolean;
}

/**
 * A context in which instrumentations make no spans while an attempt is sent. Afterwards it suppresses nothing, because
 * the client's events, which users listen to, still fire in it. It also detects an HTTP instrumentation, which activates
 * its suppressed span and still measures the duration of the request.
 */
export class Suppressed implements Context {
  readonly #base: Context;
  readonly #sending: Sending;

  constructor(base: Context, sending: Sending) {
    this.#base = base;
    this.#sending = sending;
  }

  getValue(key: symbol): unknown {
    return key === SUPPRESSED && this.#sending.active ? true : this.#base.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    if (key === SPAN && this.#sending.active) this.#sending.instrumented = true;
    return new Suppressed(this.#base.setValue(key, value), this.#sending);
  }

  deleteValue(key: symbol): Context {
    return new Suppressed(this.#base.deleteValue(key), this.#sending);
  }
}
