import { type EventEmitter, errorMonitor } from 'node:events';
import { remember } from '../../words/report-of.ts';
import { tellRead } from '../shared/success-body.ts';
import type { GotCall } from './got-call.ts';
import type { Result, Stream } from './types.ts';

/** Methods that parse the body once got's promise has resolved. */
const PARSERS = ['json', 'text', 'buffer'] as const;

/** Wraps got's promise: reports the end of the call, and rejects with Headgate errors where they apply. */
export function watchPromise(result: Result, gotCall: GotCall): Result {
  let parsing = false;
  const fail = (error: unknown): never => {
    throw gotCall.fail(error);
  };
  const succeed = (value: unknown): unknown => {
    gotCall.deliver();
    tellRead(gotCall.call.attempt, value);
    if (typeof value === 'object' && value !== null && 'statusCode' in value) {
      remember(value, () => gotCall.call.report());
    }
    return value;
  };
  const watched = result.then((value) => (parsing ? value : succeed(value)), fail) as Result;
  for (const name of PARSERS) {
    watched[name] = function (this: Result) {
      parsing = true;
      const parsed = result[name].call(this);
      return Object.defineProperties(
        parsed.then(succeed, fail),
        Object.getOwnPropertyDescriptors(parsed),
      ) as Result;
    };
  }
  inheritCancel(watched, result, gotCall);
  return watched;
}

/** Forwards the methods of got 14's cancelable promise, which work only on the promise itself and return it. */
function inheritCancel(watched: Result, result: Result, { call }: GotCall): void {
  const { cancel } = result;
  if (typeof cancel !== 'function') return;
  const cancelCall = (reason?: string): void => {
    call.abort(new Error(reason ?? 'Promise was canceled'));
    cancel.call(result, reason);
  };
  Object.defineProperties(watched, {
    cancel: { get: () => cancelCall, set: () => undefined },
    isCanceled: { get: () => result.isCanceled },
  });
  for (const name of ['on', 'off'] as const) {
    watched[name] = function (this: unknown, event, listener) {
      result[name](event, listener);
      return this;
    };
  }
}

/** Reports the end of a stream's call. Adds no `error` listener, which would hide an otherwise unhandled error. */
export function watchStream(stream: Stream, gotCall: GotCall): Stream {
  stream.once('end', () => gotCall.deliver());
  // An abort does not pass got's hooks.
  (stream as EventEmitter).once(errorMonitor, (error: unknown) => {
    if (!gotCall.replaced) gotCall.fail(error);
  });
  stream.once('close', () => {
    if (gotCall.replaced || gotCall.call.ended) return;
    const error = new Error('The stream was closed before its end');
    gotCall.call.abort(error);
    gotCall.fail(error);
  });
  return stream;
}
