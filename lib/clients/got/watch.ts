import type { Passage } from './passage.ts';
import type { Result, Stream } from './types.ts';

/** Methods that parse the body only after got's promise has resolved. */
const PARSERS = ['json', 'text', 'buffer'] as const;

/** got's promise, with the call's end told and our errors in place of got's. */
export function watchPromise(result: Result, passage: Passage, leave: () => void): Result {
  const { call } = passage;
  let parsing = false;
  const fail = (error: unknown): never => {
    leave();
    throw passage.fail(error);
  };
  const watched = result.then((value) => {
    leave();
    if (!parsing) call.deliver();
    return value;
  }, fail) as Result;
  for (const name of PARSERS) {
    watched[name] = function (this: Result) {
      parsing = true;
      const parsed = result[name].call(this) as Result;
      const told = parsed.then((value) => {
        call.deliver();
        return value;
      }, fail);
      return Object.defineProperties(told, Object.getOwnPropertyDescriptors(parsed)) as Result;
    };
  }
  return inheritCancel(watched, result, call);
}

/** got 14 alone can cancel. Its methods work only on its own promise, and return that one. */
function inheritCancel(watched: Result, result: Result, call: Passage['call']): Result {
  const { cancel } = result;
  if (typeof cancel !== 'function') return watched;
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
  return watched;
}

/** No `error` listener here: it would make an error that nobody listens to go unnoticed. */
export function watchStream(stream: Stream, passage: Passage, leave: () => void): Stream {
  const { call } = passage;
  stream.once('end', () => call.deliver());
  stream.once('close', () => {
    if (passage.replaced) return;
    leave();
    if (call.ended) return;
    const error = new Error('The stream was closed before its end');
    call.abort(error);
    call.fail(error);
  });
  return stream;
}
