import { subscribe } from 'node:diagnostics_channel';
import type { Headers as Fields } from '../../words/types.ts';
import type { Receivable } from '../shared/received.ts';

/** The `node:http` request that an adapter makes. */
interface NativeRequest {
  once(event: 'response', listener: (response: NativeResponse) => void): unknown;
}

export interface NativeResponse extends Receivable {
  readonly statusCode: number;
  readonly headers: Fields;
}

type Answered = (response: NativeResponse) => void;

let listening = false;
/** Listener for the next request's response. */
let claim: Answered | undefined;

/**
 * Calls `answered` with the response head of the next `node:http` request created in this run to completion. An adapter
 * that reads the body to its end reports nothing earlier.
 */
export function claimNext(answered: Answered): void {
  if (!listening) {
    listening = true;
    subscribe('http.client.request.created', (message) => {
      const taken = claim;
      claim = undefined;
      if (taken) (message as { request: NativeRequest }).request.once('response', taken);
    });
  }
  claim = answered;
  queueMicrotask(() => {
    if (claim === answered) claim = undefined;
  });
}

/** Drops the claim, so that it does not take requests made by other code. */
export function leaveClaim(): void {
  claim = undefined;
}

/**
 * Where a request keeps its sent headers: a `node:http` request, a `follow-redirects` one that wraps several, or the
 * `Request` of the `fetch` adapter.
 */
interface Sent {
  _header?: unknown;
  readonly _redirectable?: Sent | null;
  readonly _currentRequest?: Sent | null;
  readonly _options?: { readonly headers?: object };
  readonly headers?: unknown;
  readonly socket?: object | null;
  readonly [symbol: symbol]: unknown;
}

/** Removes the gate's `own` headers from a sent request, which is printed along with its response or error. */
export function scrub(request: unknown, own: Readonly<Record<string, string>> | undefined): void {
  if (!own || typeof request !== 'object' || request === null) return;
  const given = request as Sent;
  if (given.headers instanceof Headers) {
    for (const [name, value] of Object.entries(own)) {
      if (given.headers.get(name) === value) given.headers.delete(name);
    }
  }
  const around = given._redirectable ?? given;
  remove(around._options?.headers, own);
  for (const sent of new Set([given, around._currentRequest])) {
    if (!sent) continue;
    redact(sent, '_header', own);
    // What a socket that never connected has not written.
    redact(sent.socket, '_pendingData', own);
    const symbol = Object.getOwnPropertySymbols(sent).find(
      ({ description }) => description === 'kOutHeaders',
    );
    if (symbol) remove(sent[symbol], own);
  }
}

function redact(holder: object | null | undefined, key: string, own: Readonly<Record<string, string>>): void {
  const text: unknown = holder && Reflect.get(holder, key);
  if (typeof text !== 'string') return;
  const redacted = Object.values(own).reduce(
    (shown, value) => (value ? shown.replaceAll(value, 'REDACTED') : shown),
    text,
  );
  Reflect.set(holder as object, key, redacted);
}

function remove(headers: unknown, own: Readonly<Record<string, string>>): void {
  if (typeof headers !== 'object' || headers === null) return;
  for (const name of Object.keys(headers)) {
    const value = (headers as Record<string, unknown>)[name];
    // Node.js keeps a header's name next to its value.
    if ([value].flat().includes(own[name.toLowerCase()])) delete (headers as Record<string, unknown>)[name];
  }
}
