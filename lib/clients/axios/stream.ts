import { type EventEmitter, errorMonitor } from 'node:events';
import type { Call } from '../../call/call.ts';
import { watched } from '../shared/delivered-body.ts';
import type { Breaker } from '../shared/interruptible.ts';
import type { Config, Response } from './leg.ts';

/**
 * The response with a stream that shows the user's own config if it fails, and whose cancel aborts the attempt: axios's
 * own web stream first waits for the next chunk.
 */
export function withBodyWatched(call: Call, response: Response, breaker: Breaker): Response {
  const { data, config } = response;
  const cut = (error: unknown): void => {
    disguise(error, config);
    breaker.end();
  };
  (data as Partial<EventEmitter>).once?.(errorMonitor, cut);
  return Object.assign(response, { data: watched(call, data, config.signal, cut) });
}

/** Makes an error show the user's own config. */
export function disguise(error: unknown, config: Config): void {
  const given = error as { config?: Config } | null | undefined;
  // The reason of a cancel token has none, and all its requests share it.
  if (given?.config) given.config = config;
}
