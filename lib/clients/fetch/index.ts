/**
 * WHATWG fetch: the one of Node.js, or any that is given. What passes the gate is each request on the wire: resends,
 * and the legs of a redirect, which are followed here by the rules of the Fetch standard.
 *
 * An attempt is over when the head of its response came: nothing tells cheaply when its body was read. So of a
 * concurrency limit only the time until then counts; `gate.undici()` counts all of it.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Attempt } from '../../call/attempt.ts';
import type { Call, OpenCall } from '../../call/call.ts';
import type { CallOptions } from '../../options/types.ts';
import type { CallReport } from '../../words/report.ts';
import { rememberResponse } from '../../words/report-of.ts';
import type { Headers as HeaderRecord } from '../../words/types.ts';
import { drain, drop, peek } from '../shared/fetch-body.ts';
import { watched } from '../shared/given-body.ts';
import { retrying, type Tried } from '../shared/retry-loop.ts';
import { type Warn, warnOfStacked } from '../shared/stacked.ts';
import { type FetchInit, type FetchInput, Leg, membersOf, networkError, recordOf } from './leg.ts';

/** A response, with the report of the call that brought it. */
export type GatedResponse = Response & { readonly headgate: CallReport };

/** fetch, with what a call may ask for itself in its init. */
export type GatedFetch = (
  input: FetchInput,
  init?: FetchInit & { readonly headgate?: CallOptions | undefined },
) => Promise<GatedResponse>;

/** Anything that is called as fetch is: undici's, node-fetch, one with a proxy. */
export type FetchLike = (input: never, init?: never) => Promise<unknown>;

type Native = (input: FetchInput, init?: FetchInit) => Promise<Response>;

const HIDDEN = 'the fetch given hides where its redirects lead';

/** The fetches made here, each with the calls it opens. */
const gated = new WeakMap<object, OpenCall>();

/** The fetch made here by which the global one was called. */
const within = new AsyncLocalStorage<GatedFetch>();

export function gatedFetch(open: OpenCall, warn: Warn, fetchLike?: FetchLike): GatedFetch {
  const own = fetchLike as Native | undefined;
  if (own && gated.get(own) === open) return own as GatedFetch;
  const before = globalThis.fetch as Native;
  /** Whether the fetch is known to hide where a redirect leads, as a browser's does. */
  let hides = false;
  /** A global fetch that somebody put over this one, once it has shown itself to call this one. */
  let above: Native | undefined;
  const nativeFetch = (): Native => {
    if (own) return own;
    const now = globalThis.fetch as Native;
    if (now === before || now === above || gated.has(now)) return before;
    return (...args) => within.run(fetch, () => now(...args));
  };

  const fetch: GatedFetch = async (input, init) => {
    if (within.getStore() === fetch) {
      above = globalThis.fetch as Native;
      return before(input, init) as Promise<GatedResponse>;
    }
    const native = nativeFetch();
    // fetch refuses it, with an error of its own.
    if (typeof (init ?? {}) !== 'object') return native(input, init) as Promise<GatedResponse>;
    const { headgate: asked, ...rest } = membersOf(init);
    let leg: Leg;
    try {
      leg = Leg.of(input, rest);
    } catch {
      // fetch refuses it too, with an error of its own.
      return native(input, rest) as Promise<GatedResponse>;
    }
    const call = open(asked, leg);
    warnOfStacked((name) => leg.header(name), warn);

    const go = async (first: Attempt): Promise<Tried<Response>> => {
      for (let permitted = first; ; permitted = await call.admit(leg)) {
        const follow = leg.followed && !hides;
        let response: Response;
        try {
          response = await send(call, native, leg, permitted, follow);
        } catch (error) {
          return failed(leg, error);
        }
        const headers = recordOf(response.headers);
        permitted.answer(statusOf(response), headers);
        let next: Leg | undefined;
        if (follow && response.type === 'opaqueredirect') {
          hides = true;
          // Only what has no effect is sent again, now for the fetch to follow by itself.
          if (leg.method !== 'GET' && leg.method !== 'HEAD') return failed(leg, networkError(HIDDEN));
          next = leg;
        } else if (follow) {
          try {
            next = leg.redirected(response.status, headers.location);
          } catch (error) {
            drain(response);
            return failed(leg, error);
          }
        }
        if (!next)
          return response.status < 400
            ? { ...tried(leg, response, headers), ...watch(call, response, leg.signal) }
            : judged(leg, response, headers);
        drain(response);
        leg = next;
      }
    };

    const attempt = (): Promise<Tried<Response>> => {
      const admitted = call.admit(leg);
      return admitted instanceof Promise ? admitted.then(go) : go(admitted);
    };
    return retrying(call, attempt, leg.signal).then((response) => given(response, call, leg.redirects > 0));
  };
  gated.set(fetch, open);
  return fetch;
}

/** Sends one attempt. Rejects at once when the call has to end, even where the fetch heeds no signal. */
function send(call: Call, native: Native, leg: Leg, { own }: Attempt, follow: boolean): Promise<Response> {
  const breaker = new AbortController();
  return new Promise((resolve, reject) => {
    let broken = false;
    call.onInterrupt((error) => {
      broken = true;
      breaker.abort(error);
      reject(error);
    });
    if (broken) return;
    // The user's signal goes on to govern the body after the call is over.
    const signal = leg.signal ? AbortSignal.any([leg.signal, breaker.signal]) : breaker.signal;
    native(...leg.args(signal, own, follow ? 'manual' : undefined)).then((response) => {
      if (broken) drop(response);
      else resolve(response);
    }, reject);
  });
}

function failed(leg: Leg, error: unknown): Tried<Response> {
  return { ending: { error }, replayable: leg.replayable, result: { error } };
}

/** What an error response says: its body is read, as far as it is needed. */
async function judged(leg: Leg, response: Response, headers: HeaderRecord): Promise<Tried<Response>> {
  const body = await peek(response);
  if (!leg.signal?.aborted) return tried(leg, response, headers, body);
  drop(response);
  return failed(leg, leg.signal.reason);
}

function tried(leg: Leg, response: Response, headers: HeaderRecord, body?: string): Tried<Response> {
  return {
    ending: { status: statusOf(response), headers, body },
    replayable: leg.replayable,
    result: { value: response },
    drop: () => drop(response),
  };
}

/** The response, with its body watched until it ends. */
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
      const { status, statusText, headers, url, type, redirected } = response;
      const Copy = response.constructor as typeof Response;
      const copy = new Copy(body as ReadableStream, { status, statusText, headers });
      for (const [name, value] of Object.entries({ url, type, redirected })) {
        Object.defineProperty(copy, name, { value, configurable: true });
      }
      return copy;
    },
  };
}

/** A response that hides its status is a redirect, or one that only a page may not read. */
function statusOf({ status, type }: Response): number {
  if (status !== 0) return status;
  return type === 'opaqueredirect' ? 302 : 200;
}

/** The response as its user gets it, clones included. */
function given(response: Response, call: Call, redirected: boolean): GatedResponse {
  const { clone } = response;
  const report = () => call.report();
  const headgate = { get: report, configurable: true };
  rememberResponse(response, report);
  Object.defineProperty(response, 'headgate', headgate);
  const cloned = { value: () => given(clone.call(response), call, redirected), configurable: true };
  Object.defineProperty(response, 'clone', cloned);
  if (redirected) Object.defineProperty(response, 'redirected', { value: true, configurable: true });
  return response as GatedResponse;
}
