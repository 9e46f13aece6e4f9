/**
 * WHATWG fetch: Node.js's own or any other. Every request on the wire passes the gate, including resends and the legs
 * of a redirect, which are followed here by the rules of the Fetch standard.
 *
 * An attempt ends when the head of its response arrives, as there is no cheap way to tell when the body was read. A
 * concurrency limit counts only the time until then; with `gate.undici()` it counts the body too.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Attempt } from '../../call/attempt.ts';
import type { Call, OpenCall } from '../../call/call.ts';
import type { CallOptions } from '../../options/types.ts';
import type { CallReport } from '../../words/report.ts';
import { remember, remembered, rememberResponse } from '../../words/report-of.ts';
import type { Headers as HeaderRecord } from '../../words/types.ts';
import { watched } from '../shared/delivered-body.ts';
import { drain, drop, peek } from '../shared/fetch-body.ts';
import { type Breaker, interruptible, joined } from '../shared/interruptible.ts';
import { retrying, type Tried } from '../shared/retry-loop.ts';
import { type Warn, warnOfStacked } from '../shared/stacked-retries.ts';
import { isRead, tellCopy } from '../shared/success-body.ts';
import { type AnyLeg, readInput } from './input.ts';
import { type FetchInit, type FetchInput, Leg, networkError, recordOf } from './leg.ts';
import { OpaqueLeg } from './opaque.ts';

/** A response with the report of its call. */
export type GatedResponse = Response & { readonly headgate: CallReport };

/** fetch, with per-call options in `init.headgate`. */
export type GatedFetch = (
  input: FetchInput,
  init?: FetchInit & { readonly headgate?: CallOptions | undefined },
) => Promise<GatedResponse>;

/** Any function called like fetch: undici's, node-fetch, one with a proxy. */
export type FetchLike = (input: never, init?: never) => Promise<unknown>;

type Native = (input: FetchInput, init?: FetchInit) => Promise<Response>;

const ROAMS =
  "The given fetch follows redirects even with redirect: 'manual': it gets no token from now on, as it might send one to another host";
const HIDDEN = 'the given fetch hides where its redirects lead';

/** The platform's own fetch, unless it was replaced before this module was loaded. */
const PLATFORM = globalThis.fetch as Native;

/** Gated fetches, each with the function that opens its calls. */
const gated = new WeakMap<object, OpenCall>();

/** The gated fetch that called another one; `met` once that one has called a fetch of the same gate. */
const enclosing = new AsyncLocalStorage<{
  readonly open: OpenCall;
  readonly fetch: GatedFetch;
  met: boolean;
}>();

/** The outcome of one attempt: a result, or the next leg. */
type Step = Tried<Response> | { readonly next: Leg; drop?(): void };

export function gatedFetch(open: OpenCall, warn: Warn, fetchLike?: FetchLike): GatedFetch {
  const own = fetchLike as Native | undefined;
  if (own && gated.get(own) === open) return own as GatedFetch;
  const before = globalThis.fetch as Native;
  /** Whether the fetch hides where a redirect leads, as a browser's does. */
  let hides = false;
  /** Whether the fetch has followed a redirect that it was told not to follow. */
  let roams = false;
  /** A global fetch that wraps this one, once it has been seen to call it. */
  let above: Native | undefined;
  const nativeFetch = (): Native => {
    if (own) return own;
    const now = globalThis.fetch as Native;
    const next = now === above || gated.has(now) ? before : now;
    if (next === PLATFORM) return next;
    return (...args) => enclosing.run({ open, fetch, met: false }, () => next(...args));
  };
  /** Whether to withhold the token: among fetches that follow redirects, only the platform's is known to drop it. */
  const isBearerless = ({ follows, followed }: Leg): boolean =>
    follows && (roams || (own !== undefined && own !== before && (!followed || hides)));

  const fetch: GatedFetch = async (input, init) => {
    const outer = enclosing.getStore();
    if (outer?.open === open && !outer.met) {
      outer.met = true;
      if (outer.fetch === fetch) above = globalThis.fetch as Native;
      return (own ?? before)(input, init) as Promise<GatedResponse>;
    }
    const native = nativeFetch();
    const read = readInput(input, init);
    if (!read.leg) return native(input, init) as Promise<GatedResponse>;
    let leg: AnyLeg = read.leg;
    if (native === PLATFORM && leg instanceof OpaqueLeg && leg.isRefused) return native(input, init) as never;
    if (leg instanceof Leg) leg.bearerless = isBearerless(leg);
    const call = open(read.asked, leg);
    warnOfStacked((name) => leg.header(name), warn);

    const once = async (attempt: Attempt, breaker: Breaker): Promise<Step> => {
      const follow = leg.followed && !hides;
      let response: Response;
      try {
        // The user's signal still governs the body after the call has ended.
        const signal = joined(leg.signal, breaker);
        response = await attempt.send((added) =>
          native(...leg.args(signal, added, follow ? 'manual' : undefined)),
        );
      } catch (error) {
        return failed(leg, error);
      }
      // A mock may return anything.
      if (!isObject(response)) return tried(leg, response, {}, breaker);
      const headers = recordOf(response.headers);
      attempt.answer(statusOf(response), headers);
      if (follow) {
        if (response.redirected && attempt.own) {
          roams = true;
          warn('token-withheld', ROAMS);
        }
        let next: Leg | undefined;
        try {
          if (response.type === 'opaqueredirect') next = unhidden(leg as Leg);
          else next = leg.redirected(response.status, headers.location);
        } catch (error) {
          drain(response, () => breaker.end());
          return failed(leg, error);
        }
        if (next) {
          drain(response, () => breaker.end());
          return { next };
        }
      }
      if (response.status >= 400) return judged(leg, response, headers, breaker);
      const type = headers['content-type'];
      const step = isRead(attempt, type)
        ? await judged(leg, response, headers, breaker)
        : tried(leg, response, headers, breaker);
      if (step.ending.body === undefined) tellCopy(attempt, response, type);
      return { ...step, ...watch(call, response, leg.signal) };
    };
    /** The fetch hides where the redirect leads. A GET or HEAD is sent again for the fetch itself to follow. */
    const unhidden = (hidden: Leg): Leg => {
      hides = true;
      if (hidden.method !== 'GET' && hidden.method !== 'HEAD') throw networkError(HIDDEN);
      return hidden;
    };
    const go = async (first: Attempt): Promise<Tried<Response>> => {
      for (let attempt = first; ; ) {
        const step = await interruptible(call, (breaker) => once(attempt, breaker));
        if (!('next' in step)) return step;
        leg = step.next;
        leg.bearerless = isBearerless(leg);
        attempt = await call.admit(leg);
      }
    };
    const attempt = (): Promise<Tried<Response>> => {
      const admitted = call.admit(leg);
      return admitted instanceof Promise ? admitted.then(go) : go(admitted);
    };
    try {
      const response = await retrying(call, attempt, leg.signal);
      return given(response, () => call.report(), leg.redirects > 0);
    } catch (error) {
      if (leg.signal?.aborted && leg instanceof Leg) leg.discard(error);
      throw error;
    }
  };
  gated.set(fetch, open);
  return fetch;
}

function failed(leg: AnyLeg, error: unknown): Tried<Response> {
  return { ending: { error }, replayable: leg.replayable, result: { error } };
}

/** Reads a response that may be a refusal, with the beginning of its body. */
async function judged(
  leg: AnyLeg,
  response: Response,
  headers: HeaderRecord,
  breaker: Breaker,
): Promise<Tried<Response>> {
  return tried(leg, response, headers, breaker, await peek(response));
}

function tried(
  leg: AnyLeg,
  response: Response,
  headers: HeaderRecord,
  breaker: Breaker,
  body?: string,
): Tried<Response> {
  return {
    ending: { status: isObject(response) ? statusOf(response) : 200, headers, body },
    replayable: leg.replayable,
    result: { value: response },
    drop: () => drop(response, () => breaker.end()),
  };
}

/** The response with a watched body. */
function watch(
  call: Call,
  response: Response,
  signal: AbortSignal | undefined,
): Pick<Tried<Response>, 'watch'> | undefined {
  if (!call.limitsSilence || !response.body) return undefined;
  return {
    watch: () => {
      const body = watched(call, response.body, signal);
      if (body === response.body) return response;
      const Copy = response.constructor as typeof Response;
      return like(response, new Copy(body as ReadableStream, response));
    },
  };
}

/** The copy, with the members of the response that a copy lacks. */
function like({ url, type, redirected }: Response, copy: Response): Response {
  for (const [name, value] of Object.entries({ url, type, redirected })) {
    Object.defineProperty(copy, name, { value, configurable: true });
  }
  return copy;
}

/** The status, or a substitute for a hidden one: a redirect's, or else a success's. */
function statusOf({ status, type }: Response): number {
  if (status !== 0) return status;
  return type === 'opaqueredirect' ? 302 : 200;
}

/** The response as returned to the user, with a report on it and its clones. */
function given(response: Response, report: () => CallReport, redirected: boolean): GatedResponse {
  if (!isObject(response) || !Object.isExtensible(response)) return response as GatedResponse;
  rememberResponse(response, report);
  // Only for errors: reading `body` of a good response costs more than the rest of this function.
  if (response.status >= 400 && isObject(response.body)) remember(response.body as object, report);
  Object.defineProperty(response, 'headgate', REPORT);
  // A mock may have a method of its own.
  if (!Object.hasOwn(response, 'clone')) Object.defineProperty(response, 'clone', CLONE);
  if (redirected) Object.defineProperty(response, 'redirected', { value: true, configurable: true });
  return response as GatedResponse;
}

// Shared by all responses: with different functions on each, the engine would make a hidden class for each.
const REPORT: PropertyDescriptor = {
  get(this: Response) {
    return remembered(this);
  },
  configurable: true,
};
const CLONE: PropertyDescriptor = {
  value(this: Response): GatedResponse {
    const copy = like(this, Object.getPrototypeOf(this).clone.call(this));
    return given(copy, () => remembered(this) as CallReport, false);
  },
  configurable: true,
};

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
