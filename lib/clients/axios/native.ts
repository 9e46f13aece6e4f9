import { subscribe } from 'node:diagnostics_channel';
import type { Headers } from '../../words/types.ts';
import type { Receivable } from '../shared/received.ts';

/** The request of `node:http` that an adapter makes. */
interface NativeRequest {
  once(event: 'response', listener: (response: NativeResponse) => void): unknown;
}

export interface NativeResponse extends Receivable {
  readonly statusCode: number;
  readonly headers: Headers;
}

type Answered = (response: NativeResponse) => void;

let listening = false;
/** Takes the next request that is made. */
let claim: Answered | undefined;

/**
 * Tells of the head of the response to the request that `node:http` makes next, within this run to completion. An
 * adapter that reads a body to its end tells nothing before.
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

/** Leaves what was made by others meanwhile alone. */
export function leaveClaim(): void {
  claim = undefined;
}
