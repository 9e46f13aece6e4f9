import { subscribe } from 'node:diagnostics_channel';
import type { Headers } from '../../words/types.ts';
import type { Receivable } from '../shared/received.ts';

/** The `node:http` request that an adapter makes. */
interface NativeRequest {
  once(event: 'response', listener: (response: NativeResponse) => void): unknown;
}

export interface NativeResponse extends Receivable {
  readonly statusCode: number;
  readonly headers: Headers;
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

/** Where a request keeps its sent headers: a `node:http` request, or a `follow-redirects` one that wraps several. */
interface Sent {
  _header?: unknown;
  readonly _redirectable?: Sent | null;
  readonly _currentRequest?: Sent | null;
  readonly _options?: { readonly headers?: object };
  readonly [symbol: symbol]: unknown;
}

/** Removes the gate's `own` headers from a sent request, which is printed along with its response or error. */
export function scrub(request: unknown, own: Readonly<Record<string, string>> | undefined): void {
  if (!own || typeof request !== 'object' || request === null) return;
  const given = request as Sent;
  const around = given._redirectable ?? given;
  remove(around._options?.headers, own);
  for (const sent of new Set([given, around._currentRequest])) {
    if (!sent) continue;
    for (const value of Object.values(own)) {
      if (typeof sent._header === 'string' && value)
        sent._header = sent._header.replaceAll(value, 'REDACTED');
    }
    const symbol = Object.getOwnPropertySymbols(sent).find(
      ({ description }) => description === 'kOutHeaders',
    );
    if (symbol) remove(sent[symbol], own);
  }
}

function remove(headers: unknown, own: Readonly<Record<string, string>>): void {
  if (typeof headers !== 'object' || headers === null) return;
  for (const name of Object.keys(headers)) {
    const value = (headers as Record<string, unknown>)[name];
    // Node.js keeps a header's name next to its value.
    if ([value].flat().includes(own[name.toLowerCase()])) delete (headers as Record<string, unknown>)[name];
  }
}
