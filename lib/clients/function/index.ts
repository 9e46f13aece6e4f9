/**
 * Any function that sends one request and returns a promise of the result. Each call of it is one attempt, whose
 * outcome is read from the returned or thrown value.
 */
import * as v from 'valibot';
import type { Attempt } from '../../call/attempt.ts';
import type { OpenCall } from '../../call/call.ts';
import { absoluteUrl, check, has, method, object } from '../../options/schema.ts';
import type { CallOptions } from '../../options/types.ts';
import type { Amounts, Classification, RequestFacts, Verdict } from '../../words/types.ts';
import { bodyText, isReplayable } from '../shared/bodies.ts';
import { type Abortable, type Breaker, interruptible } from '../shared/interruptible.ts';
import {
  dropResponse,
  headersOf,
  type Reading,
  readRefusal,
  readResponse,
  rememberResult,
} from '../shared/response-reading.ts';
import { retrying, type Tried } from '../shared/retry-loop.ts';
import type { Warn } from '../shared/stacked-retries.ts';
import { saidBy, tellCopy, tellRead } from '../shared/success-body.ts';
import { hasRetried, smithyReading } from './smithy.ts';

/** The request that a wrapped function makes, in the parts that the gate needs. */
export interface WrapRequest {
  /** HTTP method; tells whether a retry is safe. */
  readonly method: string;
  /** Absolute URL. */
  readonly url: string | URL;
  /** A record, or an iterable of name and value pairs. */
  readonly headers?: object | undefined;
  /** Request body; read only by profiles whose quotas depend on it. A stream is sent only once. */
  readonly body?: unknown;
  /** Aborts the call. */
  readonly signal?: Abortable | undefined;
  /** Per-call options. */
  readonly headgate?: CallOptions | undefined;
}

/** What a wrapped function may know about the attempt it makes. */
export interface WrapContext {
  /** Fires when the attempt must stop: on the deadline, or on the request's own signal. */
  readonly signal: AbortSignal;
  /** Attempt number, from 1. */
  readonly attempt: number;
  /** The bearer token to send, if the gate has one for this request. */
  readonly token: string | undefined;
  /**
   * Headers that override the request's own: `authorization` with the token, the headers from `sign`, and those of
   * tracers, such as `traceparent`.
   */
  readonly headers: Readonly<Record<string, string>>;
  /** Reports what the attempt spent, by unit, which corrects its cost. */
  spend(amounts: Amounts): void;
}

/** The result of one attempt: a value or a thrown error. */
export type WrapResult<T> =
  | { readonly value: T; readonly error?: undefined }
  | { readonly value?: undefined; readonly error: unknown };

/** Options of `gate.wrap()`. */
export interface WrapOptions<Args extends unknown[], T> {
  /** The request, or a function that derives it from the arguments. */
  readonly request: WrapRequest | ((...args: Args) => WrapRequest);
  /**
   * Custom classification. Receives the gate's own reading and returns an amended one, a verdict, or nothing to leave
   * it unchanged.
   */
  readonly classify?:
    | ((result: WrapResult<T>, read: Classification) => Classification | Verdict | undefined)
    | undefined;
}

/** The wrapped function, with the original's types. */
export type Wrapped<Args extends unknown[], T> = (...args: Args) => Promise<T>;

type Fn = (this: unknown, ...args: unknown[]) => unknown;

const callable = v.custom<(...args: never[]) => unknown>(
  (value) => typeof value === 'function',
  'a function',
);
const request = object({
  method,
  url: absoluteUrl,
  headers: v.optional(v.custom<object>((value) => headersOf(value) !== undefined, 'headers')),
  body: v.optional(v.unknown()),
  signal: v.optional(has<Abortable>('addEventListener', 'an AbortSignal')),
  headgate: v.optional(v.unknown()),
});
const options = object({
  request: v.custom<WrapRequest | Fn>(
    (value) => typeof value === 'function' || (typeof value === 'object' && value !== null),
    'a request of { method, url }, or a function that returns one',
  ),
  classify: v.optional(callable),
  withContext: v.optional(v.boolean()),
});

const SDK_RETRIES =
  'The SDK in a wrapped function has its own retries, and the attempts of both multiply: set maxAttempts: 1 in the SDK';

/** Wrapped functions, each with the function that opens its calls. */
const gated = new WeakMap<object, OpenCall>();

export function wrapped(
  open: OpenCall,
  warn: Warn,
  given: unknown,
  asked: unknown,
): Wrapped<unknown[], unknown> {
  const fn = check(callable, given, 'wrap') as Fn;
  if (gated.get(fn) === open) return fn as Wrapped<unknown[], unknown>;
  const { request: source, classify, withContext } = check(options, asked, 'wrap');
  const told = typeof source === 'function' ? undefined : new Facts(source);

  async function run(this: unknown, ...args: unknown[]): Promise<unknown> {
    const facts = told ?? new Facts((source as Fn).apply(this, args) as WrapRequest);
    const call = open(facts.headgate, facts);
    const send = (permitted: Attempt): Promise<Tried<unknown>> =>
      interruptible(call, async (breaker) => {
        const { number, token } = permitted;
        let result: WrapResult<unknown>;
        const spend = (amounts: Amounts): void => permitted.spend(amounts);
        try {
          const value = permitted.send((headers = {}) => {
            const context = withContext
              ? [{ signal: breaker.signal, attempt: number, token, headers, spend }]
              : [];
            return fn.apply(this, [...context, ...args]);
          });
          result = { value: await value };
        } catch (error) {
          result = { error };
        }
        const final = finalOf(result.error);
        const reading =
          'value' in result ? readResponse(result.value) : readRefusal(final ? final.reason : result.error);
        if (hasRetried('value' in result ? result.value : result.error)) warn('stacked-retries', SDK_RETRIES);
        if (reading) permitted.answer(reading.status, reading.headers ?? {});
        if ('value' in result) {
          if (reading) tellCopy(permitted, result.value as object, reading.headers?.['content-type']);
          else tellRead(permitted, result.value);
        }
        // Final by p-retry's AbortError: throw the error it holds, without a retry.
        if (final) throw final.reason;
        return triedOf(permitted, result, reading, facts, classify as Classify | undefined, breaker);
      });
    const attempt = (): Promise<Tried<unknown>> => {
      const admitted = call.admit(facts);
      return admitted instanceof Promise ? admitted.then(send) : send(admitted);
    };
    const value = await retrying(call, attempt, facts.signal);
    rememberResult(value, () => call.report());
    return value;
  }
  gated.set(run, open);
  return run;
}

type Classify = NonNullable<WrapOptions<unknown[], unknown>['classify']>;

async function triedOf(
  attempt: Attempt,
  result: WrapResult<unknown>,
  reading: Reading | undefined,
  { replayable }: Facts,
  classify: Classify | undefined,
  breaker: Breaker,
): Promise<Tried<unknown>> {
  const { status, headers } = reading ?? {};
  const own = classify && ((read: Classification) => amended(read, classify(result, read)));
  if ('error' in result) {
    const reread = (given: Classification): Classification => {
      const read = smithyReading(result.error, given);
      return own?.(read) ?? read;
    };
    const ending = { status, headers, body: await reading?.body(), error: result.error, reread };
    return { ending, replayable, result: { error: result.error } };
  }
  const { value } = result;
  const failed = status !== undefined && status >= 400;
  const body = failed || attempt.readsBody ? ((await reading?.body()) ?? saidBy(attempt, value)) : undefined;
  return {
    // A value that is not a response counts as a success, unless its body is read.
    ending: { status: status ?? 200, headers, body, reread: own },
    replayable,
    result: { value },
    drop: () => dropResponse(value, () => breaker.end()),
  };
}

/** The gate's reading amended by the user's. With another verdict, only `status` and `correlationId` still apply. */
function amended(read: Classification, own: Classification | Verdict | undefined): Classification {
  if (own === undefined || own === null) return read;
  const { verdict = read.verdict, ...rest }: Partial<Classification> =
    typeof own === 'string' ? { verdict: own } : own;
  if (verdict === read.verdict) return { ...read, ...rest };
  const { status, correlationId } = read;
  return { status, correlationId, ...rest, verdict };
}

/** The error held by p-retry's AbortError, recognized by shape: there may be several copies of p-retry. */
function finalOf(error: unknown): { readonly reason: Error } | undefined {
  if (!(error instanceof Error) || error.name !== 'AbortError') return undefined;
  const { originalError } = error as { originalError?: unknown };
  return originalError instanceof Error ? { reason: originalError } : undefined;
}

/** The request of one call in the form that gates and profiles read. */
class Facts implements RequestFacts {
  readonly method: string;
  readonly url: URL;
  readonly headers: RequestFacts['headers'];
  readonly signal: Abortable | undefined;
  readonly headgate: unknown;
  readonly #body: unknown;

  constructor(given: WrapRequest) {
    const { method, url, headers, body, signal, headgate } = check(request, given, 'wrap.request');
    this.method = method;
    this.url = new URL(url);
    this.headers = headersOf(headers);
    this.#body = body;
    this.signal = signal;
    this.headgate = headgate;
  }

  body(): string | undefined {
    return bodyText({ body: this.#body });
  }

  get replayable(): boolean {
    return isReplayable(this.#body);
  }
}
