/** What every entry point with a `headgate()` also exports. */

export type { FetchLike, GatedFetch, GatedResponse } from './clients/fetch/index.ts';
export type { FetchInit, FetchInput } from './clients/fetch/leg.ts';
export type { WrapContext, WrapOptions, Wrapped, WrapRequest, WrapResult } from './clients/function/index.ts';
export type { Listener } from './events/emitter.ts';
export type * from './events/tracer.ts';
export type * from './events/types.ts';
export type {
  CloseOptions,
  Environment,
  FetchHeadgate,
  ForecastOptions,
  ForecastRequest,
  PauseOptions,
} from './headgate-types.ts';
export type * from './ledger/ledger.ts';
export { memory } from './ledger/memory.ts';
export type {
  CallOptions,
  HeadgateOptions,
  HeadgateUpdate,
  OverrideMatch,
  OverrideOptions,
  OverrideVerdict,
  QuotaMatch,
  QuotaOptions,
  ReadBodyOptions,
  WindowOptions,
} from './options/types.ts';
export type { Jitter, RetryOptions } from './policy/policy.ts';
export type { Clock, Timer } from './time/clock.ts';
export type { Sign, SignedHeaders, Token, TokenCredential, TokenSource } from './words/auth.ts';
export type * from './words/causes.ts';
export {
  ClosedError,
  CostError,
  DeadlineError,
  HeadgateError,
  type HeadgateErrorCode,
  LedgerError,
  OptionsError,
  OutageError,
  QueueFullError,
  WaitError,
} from './words/errors.ts';
export type { Learned, LearnedQuota, LearnedWindowRecord } from './words/learned.ts';
export type * from './words/report.ts';
export { isHeadgateError, reportOf } from './words/report-of.ts';
export type { QuotaSnapshot, WindowSnapshot } from './words/snapshot.ts';
export type * from './words/types.ts';
