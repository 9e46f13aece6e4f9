/**
 * The shared vocabulary: request, outcome, classification, quota, profile. Almost only types, so that profiles and
 * classification stay pure and independent of every client.
 *
 * Unless a name says otherwise, durations are milliseconds and moments are milliseconds on the gate's monotonic clock,
 * whose zero is the Unix epoch (see `clock.ts`).
 */

/** A duration: milliseconds, or text such as `'30s'`, `'1m'`, `'250ms'`, `'1.5h'`. */
export type Duration = number | string;

/** Headers of a request or response, names in lower case. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** One attempt's request, as a profile sees it. */
export interface RequestFacts {
  /** HTTP method, in upper case. */
  readonly method: string;
  /** Absolute URL of the attempt. */
  readonly url: URL;
  /** Headers of the request, names in lower case. Never part of an event. */
  readonly headers?: Headers | undefined;
  /** Returns the body as text, if it is known and small; called only after a failure. */
  readonly body?: (() => string | undefined) | undefined;
  /**
   * True if the gate cannot read the request's destination, e.g. a relative URL that its client completes. `url` is
   * then a placeholder with the host `unreadable.invalid`, and the profile's `quota` and `authorizes` are not called.
   */
  readonly unreadable?: boolean | undefined;
  /** True if the request must not carry the gate's token: its client might forward the token to another host. */
  readonly bearerless?: boolean | undefined;
}

/**
 * How one attempt ended.
 *
 * - `success`: nothing to do;
 * - `throttled`: refused by a quota and not processed; resend when the quota reopens;
 * - `transient`: 5xx, network fault, attempt timeout; resend with backoff, if resending is safe;
 * - `unauthorized`: the token was refused; refresh it once and resend once;
 * - `terminal`: resending cannot help.
 */
export type Verdict = 'success' | 'throttled' | 'transient' | 'unauthorized' | 'terminal';

/** The result of one attempt, as its client reports it. */
export interface Outcome {
  /** Request of the attempt. */
  readonly request: RequestFacts;
  /** Absent if no response arrived. */
  readonly status?: number | undefined;
  /** Headers of the response, names in lower case. */
  readonly headers?: Headers | undefined;
  /** Body of the response, if the client has it: at most its first {@link BODY_LIMIT} bytes. */
  readonly body?: string | undefined;
  /** Fault of an attempt that got no complete response. */
  readonly error?: unknown;
  /** Wall-clock moment (Unix ms) at which the response arrived; compared with its `Date` header. */
  readonly receivedAt: number;
}

/** The interpretation of one {@link Outcome}. */
export interface Classification {
  /** Meaning of the outcome. */
  readonly verdict: Verdict;
  /** Absent if no response arrived. */
  readonly status?: number | undefined;
  /** The API's error code (`TooManyRequests`), or the fault's code (`ECONNRESET`). */
  readonly code?: string | undefined;
  /** The server's own ID for this attempt, sanitised: the one a support desk asks for. */
  readonly correlationId?: string | undefined;
  /** Minimum wait, in ms: named by the server, otherwise by the profile. */
  readonly retryAfterMs?: number | undefined;
  /** Source of {@link retryAfterMs}; absent if the server named no wait. */
  readonly retryAfterSource?: 'header' | 'message' | undefined;
  /** True if the server cannot have processed the request, so that resending is safe for any method. */
  readonly unprocessed?: boolean | undefined;
  /**
   * The quota to which a refusal refers, by the server's own name: a bucket, resource or policy (`x-ratelimit-resource`), or
   * `'account'` if it refers to the whole account. Absent if the server names none. Untrusted text, sanitised.
   */
  readonly quota?: string | undefined;
  /** The unit that a refusal says is used up (`tokens`), in lower case; absent if it names none or refers to requests. */
  readonly unit?: string | undefined;
  /** Advice in one or two sentences. */
  readonly hint?: string | undefined;
}

/** The {@link Classification.quota} of a refusal that refers to the whole account rather than one of its quotas. */
export const ACCOUNT: string = 'account';

/** Amounts by unit: `{ tokens: 1200 }`. */
export type Amounts = Readonly<Record<string, number>>;

/** Costs of an attempt, by unit: each a number or a function of the request. */
export type Costs = Readonly<Record<string, number | ((request: RequestFacts) => number | undefined)>>;

/** One limit of a quota: at most `limit` attempts within any `per`, or at most that much of another unit. */
export interface Window {
  /** Maximum number of attempts within any `per`, or amount of the unit `of`, if given. */
  readonly limit: number;
  /** Unit that the window counts (`tokens`). Default `requests`, of which an attempt costs 1 unless its cost says otherwise. */
  readonly of?: string | undefined;
  /**
   * Length of the window, in ms; 0 makes it a concurrency limit, which counts only attempts in flight. With `kind`: the time
   * that fills an empty bucket, the maximum length of a day or month, or the spacing.
   */
  readonly per: number;
  /**
   * `bucket`: a token bucket of `limit`, refilled evenly over `per`; `day`, `month`: a calendar window in `zone`; `spacing`, with
   * a limit of 1: attempts start at least `per` apart. Default: a rolling window.
   */
  readonly kind?: 'bucket' | 'day' | 'month' | 'spacing' | undefined;
  /** IANA name of the time zone of a calendar window. Default `UTC`. */
  readonly zone?: string | undefined;
  /**
   * Maximum time a request takes to reach the server, in ms. If set, an attempt counts from its response or from its
   * sending + `transit`, whichever is earlier; this is exact if no request takes longer. Default: it counts from its response.
   */
  readonly transit?: number | undefined;
  /** @internal Id of an undeclared window on which the processes of a ledger agreed. */
  readonly agreed?: number | undefined;
}

/** The quota that a request draws on. */
export interface QuotaRef {
  /** Identifies everything that shares the quota: API host family, tenant, application and endpoint class. */
  readonly key: string;
  /** Documented limits; empty if none is known. */
  readonly windows: readonly Window[];
  /** Maximum number of attempts in flight. */
  readonly concurrency?: number | undefined;
  /** Cost of an attempt in each unit, if known beforehand. Default: one request, and the mean of what other attempts spent. */
  readonly cost?: Costs | undefined;
  /** What an attempt spent in each unit, according to its outcome. Default: what it was charged. */
  readonly spent?: ((outcome: Outcome) => Amounts | undefined) | undefined;
  /** @internal True if not every response says what was spent: no correction is expected until one does. */
  readonly seldom?: boolean | undefined;
  /** Share of a window, above 0 and up to 1, from which a `near` event reports its use. Default: none. */
  readonly near?: number | undefined;
  /** @internal Key of the declaration it comes from, if that creates one quota for each value of something. */
  readonly base?: string | undefined;
  /** @internal The server's own name for it, if it is a bucket. */
  readonly bucket?: string | undefined;
  /** @internal Scope within which buckets of the same name are shared. Default: `key`. */
  readonly scope?: string | undefined;
}

/** Something to report to the user once. */
export interface Notice {
  /** Stable, e.g. `deprecated-endpoint`. */
  readonly code: string;
  /** The fact, and what to do about it. */
  readonly message: string;
}

/** Knowledge of one API. Pure functions and data: no I/O, no state, no clock. */
export interface Profile {
  /** Short name, e.g. `defender`: the default name of a gate. */
  readonly name: string;
  /** The quota this request draws on; the narrowest if there are several. */
  quota(request: RequestFacts): QuotaRef;
  /** All quotas this request draws on, the narrowest first. Default: {@link quota} alone. */
  quotas?(request: RequestFacts): readonly QuotaRef[];
  /** Cost of this request, by unit, if known beforehand; a quota's own `cost` takes precedence. */
  cost?(request: RequestFacts): Amounts | undefined;
  /** What an attempt spent, by unit; a quota's own `spent` takes precedence. */
  spent?(outcome: Outcome): Amounts | undefined;
  /** Classifies one outcome. If it throws, the status decides, and a `profile-failed` warning event reports it. */
  classify(outcome: Outcome): Classification;
  /** True if a successful response to this request may contain a refusal: its body is then read and classified too. */
  readsBody?(request: RequestFacts): boolean;
  /** True if the API documents that resending this request after a transient fault is safe, whatever its method. */
  resendable?(request: RequestFacts): boolean;
  /** True if the gate may send its own token to this URL; a token never leaves the API's hosts. */
  authorizes?(url: URL): boolean;
  /** OAuth scope of the API's tokens, passed to an Azure-style TokenCredential. */
  readonly scope?: string | undefined;
  /**
   * OAuth scope for one URL, if the API has several audiences; `undefined` means {@link scope}. There should be few: the gate
   * keeps a token for each for as long as it lives.
   */
  scopeOf?(url: URL): string | undefined;
  /** A notice about this request; reported once per notice code and quota. */
  notice?(request: RequestFacts): Notice | undefined;
  /** Defaults for `retry` options that the user leaves out. */
  readonly retry?: { readonly deadline?: Duration; readonly attempts?: number } | undefined;
}

/** Maximum number of bytes kept and read of an error response's body. */
export const BODY_LIMIT: number = 64 * 1024;

/** Maximum wait of a gate, in ms; longer waits are cut to this. */
export const LONGEST_WAIT_MS: number = Number.MAX_SAFE_INTEGER;

/** Maximum length of a correlation ID, in characters; the rest is cut off. */
export const CORRELATION_ID_LIMIT: number = 256;

/** Priorities: whole numbers, larger first. */
export const PRIORITY_RANGE: { readonly least: number; readonly most: number } = { least: -10, most: 10 };
