/**
 * The vocabulary that the rooms share: what a request, an outcome, a classification, a quota and a profile
 * are. Types only, so that profiles and classification stay pure and free of every client.
 *
 * Unless a name says otherwise, durations are milliseconds and moments are milliseconds on the gate's
 * monotonic clock, whose zero is the Unix epoch (see `clock.ts`).
 */

/** A duration: milliseconds, or text such as `'30s'`, `'1m'`, `'250ms'`, `'1.5h'`. */
export type Duration = number | string;

/** Response or request headers, names in lower case. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What a profile may know of one attempt's request. */
export interface RequestFacts {
  /** Upper case. */
  readonly method: string;
  /** Absolute URL of the attempt. */
  readonly url: URL;
  /** The request's headers, names in lower case. Never put into an event. */
  readonly headers?: Headers | undefined;
  /** The body as text, when it is known and small; asked for only after a failure. */
  readonly body?: (() => string | undefined) | undefined;
  /**
   * True when the gate cannot read where the request goes, such as a relative URL that its client completes. `url` is
   * then a placeholder with the host `unreadable.invalid`: a profile's `quota` and `authorizes` are not asked about it.
   */
  readonly unreadable?: boolean | undefined;
  /** True when the gate's token must not go with it: its client might take the token along to another host. */
  readonly bearerless?: boolean | undefined;
}

/**
 * How one attempt ended.
 *
 * - `success`: nothing to do;
 * - `throttled`: refused for a quota, not processed; resend when the quota reopens;
 * - `transient`: 5xx, network fault, attempt timeout; resend with backoff, if resending is safe;
 * - `unauthorized`: the token was refused; refresh it once and resend once;
 * - `terminal`: no resend will cure it.
 */
export type Verdict = 'success' | 'throttled' | 'transient' | 'unauthorized' | 'terminal';

/** What came back from one attempt, as far as its client could tell. */
export interface Outcome {
  /** The request of the attempt. */
  readonly request: RequestFacts;
  /** Absent when no response arrived. */
  readonly status?: number | undefined;
  /** The response's headers, names in lower case. */
  readonly headers?: Headers | undefined;
  /** The response's body, at most {@link BODY_LIMIT} bytes of it, when the client had it. */
  readonly body?: string | undefined;
  /** The fault, when the attempt failed without a complete response. */
  readonly error?: unknown;
  /** Wall-clock moment (Unix ms) at which the response arrived; read against its `Date` header. */
  readonly receivedAt: number;
}

/** The reading of one {@link Outcome}. */
export interface Classification {
  /** What the outcome means. */
  readonly verdict: Verdict;
  /** Absent when no response arrived. */
  readonly status?: number | undefined;
  /** The API's error code (`TooManyRequests`), or the fault's code (`ECONNRESET`). */
  readonly code?: string | undefined;
  /** The server's own ID for this attempt, sanitised: what a support desk asks for. */
  readonly correlationId?: string | undefined;
  /** ms to wait at least: what the server asked for, or else what the profile knows to be needed. */
  readonly retryAfterMs?: number | undefined;
  /** Where {@link retryAfterMs} was read; absent when the server named no wait. */
  readonly retryAfterSource?: 'header' | 'message' | undefined;
  /** True when the server cannot have processed the request, so that resending is safe for any method. */
  readonly unprocessed?: boolean | undefined;
  /** Advice in one or two sentences: what to do about it. */
  readonly hint?: string | undefined;
}

/** One limit of a quota: at most `limit` attempts in any `per`. */
export interface Window {
  /** Maximum number of attempts in any `per`. */
  readonly limit: number;
  /** ms; 0 means that only attempts in flight count, i.e. a concurrency limit. */
  readonly per: number;
  /**
   * Maximum time that a request takes to the server, in ms. An attempt then counts from the earlier of its response and its
   * sending + `transit`: exact as long as none takes longer. Default: it counts from its response.
   */
  readonly transit?: number | undefined;
}

/** The quota that a request draws on. */
export interface QuotaRef {
  /** Who shares it: API host family, tenant, application and endpoint class. */
  readonly key: string;
  /** Documented limits; empty when none is known. */
  readonly windows: readonly Window[];
  /** Most attempts in flight at once. */
  readonly concurrency?: number | undefined;
}

/** Something that its user should know once. */
export interface Notice {
  /** Stable, e.g. `deprecated-endpoint`. */
  readonly code: string;
  /** What to know, and what to do. */
  readonly message: string;
}

/** What is known of one API. Pure functions and data: no I/O, no state, no clock. */
export interface Profile {
  /** Short name, e.g. `defender`: the default name of a gate. */
  readonly name: string;
  /** The quota this request draws on. */
  quota(request: RequestFacts): QuotaRef;
  /** Reads one outcome. Where it throws, the status decides, and a warning event `profile-failed` tells of it. */
  classify(outcome: Outcome): Classification;
  /** True where the API documents that resending after a transient fault does no harm, whatever the method. */
  resendable?(request: RequestFacts): boolean;
  /** True where the gate's own token may be sent; a token never leaves the API's hosts. */
  authorizes?(url: URL): boolean;
  /** OAuth scope to ask an Azure-style TokenCredential for. */
  readonly scope?: string | undefined;
  /** Reported once per notice code and quota. */
  notice?(request: RequestFacts): Notice | undefined;
  /** Defaults that lie under the user's `retry` options. */
  readonly retry?: { readonly deadline?: Duration; readonly attempts?: number } | undefined;
}

/** Most bytes of an error response's body that are kept and read. */
export const BODY_LIMIT: number = 64 * 1024;

/** Longest wait that a gate keeps, in ms; a longer one is cut to this. */
export const LONGEST_WAIT_MS: number = Number.MAX_SAFE_INTEGER;

/** Most characters of a correlation ID that are kept. */
export const CORRELATION_ID_LIMIT: number = 256;
