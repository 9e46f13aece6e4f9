import { processWarning } from './process-warning.ts';
import { channelsHeard, channelTracer } from './trace-channels.ts';
import type { AttemptEnd, CallEnd, Head, Trace, Tracer } from './tracer.ts';
import type { AttemptEvent, CallBeginEvent } from './types.ts';

/** The tracers of one gate, and the process's tracing channels. */
export class Tracers {
  readonly #tracers = new Set<Tracer>();

  /** True when calls are traced: lets hot paths skip everything else. */
  get active(): boolean {
    return this.#tracers.size > 0 || channelsHeard();
  }

  /** Adds a tracer. Returns a function that removes it from calls and attempts that have not begun. */
  add(tracer: Tracer): () => void {
    if (typeof tracer !== 'object' || tracer === null) {
      throw new TypeError(`Expected a tracer, got ${tracer === null ? 'null' : typeof tracer}`);
    }
    // A tracer may be added twice.
    const own: Tracer = {
      call: (call) => tracer.call?.(call),
      attempt: (attempt) => tracer.attempt?.(attempt),
    };
    this.#tracers.add(own);
    return () => {
      this.#tracers.delete(own);
    };
  }

  call(call: CallBeginEvent): Traces<CallEnd> {
    return new Traces((tracer) => tracer.call?.(call), this.#all());
  }

  attempt(attempt: AttemptEvent): Traces<AttemptEnd> {
    return new Traces((tracer) => tracer.attempt?.(attempt), this.#all());
  }

  #all(): Tracer[] {
    return [...this.#tracers, channelTracer];
  }
}

/** What all tracers do about one call or attempt. */
export class Traces<End> {
  /** The innermost first. */
  readonly #traces: Trace<End>[];

  constructor(begin: (tracer: Tracer) => Trace<End> | undefined, tracers: readonly Tracer[]) {
    this.#traces = tracers
      .map((tracer) => guarded(() => begin(tracer)))
      .filter((trace) => trace !== undefined);
  }

  /** Headers to send, from all tracers. */
  get headers(): Record<string, string> {
    return Object.assign({}, ...this.#traces.map((trace) => guarded(() => trace.headers)));
  }

  /** Runs `fn` in the contexts of all tracers. */
  run<T>(fn: () => T): T {
    return this.#traces.reduce<() => T>((inner, trace) => () => runInside(trace, inner), fn)();
  }

  answered(head: Head): void {
    for (const trace of this.#traces) guarded(() => trace.answered?.(head));
  }

  end(end: End): void {
    for (const trace of this.#traces) guarded(() => trace.end?.(end));
  }
}

/** Runs `fn` exactly once, whatever the tracer does. */
function runInside<T>(trace: Trace<never>, fn: () => T): T {
  if (!trace.run) return fn();
  let ran: { readonly value: T } | { readonly error: unknown } | undefined;
  const begin = (): T => {
    try {
      const value = fn();
      ran = { value };
      return value;
    } catch (error) {
      ran = { error };
      throw error;
    }
  };
  try {
    trace.run(begin);
  } catch (error) {
    // What `fn` itself throws is not the tracer's error.
    if (!ran || !('error' in ran)) warn(error);
  }
  ran ??= { value: fn() };
  if ('error' in ran) throw ran.error;
  return ran.value;
}

function guarded<T>(fn: () => T): T | undefined {
  try {
    return fn();
  } catch (error) {
    warn(error);
    return undefined;
  }
}

/** Shows only the error's name and message: the error may carry anything. */
function warn(error: unknown): void {
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: typeof error };
  processWarning(`A tracer of a headgate failed: ${name}: ${message}`, 'HEADGATE_TRACER');
}
