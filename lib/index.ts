/** The public face of `headgate`. */

export type { Token, TokenCredential, TokenSource } from './call/tokens.ts';
export type { AxiosLike } from './clients/axios.ts';
export type { FetchLike, GatedFetch, GatedResponse } from './clients/fetch.ts';
export type { FetchInit, FetchInput } from './clients/fetch-leg.ts';
export type { UndiciInterceptor } from './clients/undici.ts';
export type { WrapContext, WrapOptions, Wrapped, WrapRequest, WrapResult } from './clients/wrap.ts';
export type { Clock, Timer } from './clock.ts';
export {
  ClosedError,
  DeadlineError,
  HeadgateError,
  type HeadgateErrorCode,
  LedgerError,
  OptionsError,
  QueueFullError,
} from './errors.ts';
export type { Listener } from './events/emitter.ts';
export type * from './events/types.ts';
export type { LearnedCause } from './gate/adaptive/adaptive.ts';
export { memory } from './gate/bottleneck.ts';
export type { QuotaSnapshot } from './gate/context.ts';
export type * from './gate/ledger.ts';
export { type Environment, type Headgate, headgate } from './headgate.ts';
export type { CallOptions, HeadgateOptions, HeadgateUpdate, QuotaMatch, QuotaOptions } from './options.ts';
export type { FailureReason, RetryReason } from './policy/decide.ts';
export type { Jitter, RetryOptions } from './policy/policy.ts';
export type * from './types.ts';
