import diagnosticsChannel from 'node:diagnostics_channel';
import type { AttemptEnd, CallEnd, Trace, Tracer } from './tracer.ts';

const PARTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const;

type Parts = Readonly<Record<(typeof PARTS)[number], diagnosticsChannel.Channel>>;

/** The channels of `diagnostics_channel.tracingChannel('headgate:<name>')`. */
function partsOf(name: string): Parts {
  return Object.fromEntries(
    PARTS.map((part) => [part, diagnosticsChannel.channel(`tracing:headgate:${name}:${part}`)]),
  ) as Parts;
}

const calls = partsOf('call');
const attempts = partsOf('attempt');

function heard({ start, end, asyncStart, asyncEnd, error }: Parts): boolean {
  return (
    start.hasSubscribers ||
    end.hasSubscribers ||
    asyncStart.hasSubscribers ||
    asyncEnd.hasSubscribers ||
    error.hasSubscribers
  );
}

/** True when any of the channels has a subscriber. */
export function channelsHeard(): boolean {
  return heard(attempts) || heard(calls);
}

/** Publishes every call and attempt of the process, in the form of `TracingChannel.tracePromise`. */
export const channelTracer: Tracer = {
  call: (call) => (heard(calls) ? traced<CallEnd>(calls, { ...call }) : undefined),
  attempt: (attempt) =>
    heard(attempts) ? traced<AttemptEnd>(attempts, { ...attempt, headers: {} }) : undefined,
};

interface Message {
  headers?: Record<string, string>;
  error?: unknown;
}

/** One message for all channels; subscribers may add to it. */
function traced<End extends CallEnd | AttemptEnd>(
  { start, end, asyncStart, asyncEnd, error }: Parts,
  message: Message & { readonly method?: string; readonly url?: string },
): Trace<End> {
  return {
    get headers() {
      return message.headers;
    },
    run: (begin) =>
      start.runStores(message, () => {
        try {
          return begin();
        } finally {
          end.publish(message);
        }
      }) as never,
    end(ended) {
      const { at: endedAt, ...rest } = ended;
      Object.assign(message, rest, { endedAt });
      if (failed(ended)) {
        message.error = errorOf(message, ended);
        error.publish(message);
      }
      asyncStart.runStores(message, () => asyncEnd.publish(message));
    },
  };
}

function failed(ended: CallEnd | AttemptEnd): boolean {
  return ended.reason !== undefined || (ended.verdict !== undefined && ended.verdict !== 'success');
}

/** Headgate's own error, because the client's may carry headers. */
function errorOf(
  { method, url }: { readonly method?: string; readonly url?: string },
  { code, status, verdict, reason }: CallEnd | AttemptEnd,
): Error {
  const what = [status, code, reason ?? verdict].filter((part) => part !== undefined).join(', ');
  const error = Object.assign(new Error(`${method} ${url}: ${what}`), { code });
  // A stack taken here would show only the gate.
  error.stack = `${error.name}: ${error.message}`;
  return error;
}
