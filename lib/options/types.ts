import type { Ledger } from '../ledger/ledger.ts';
import type { RetryOptions } from '../policy/policy.ts';
import type { Sign, TokenCredential, TokenSource } from '../words/auth.ts';
import type { Learned } from '../words/learned.ts';
import type { Amounts, Costs, Duration, Outcome, Profile, Verdict } from '../words/types.ts';

/** The requests that a quota covers. All given fields must match; `{}` matches every request. */
export interface QuotaMatch {
  /** One HTTP method or several, in any case. */
  readonly method?: string | readonly string[] | undefined;
  /** Path of the URL, in any case: `{id}` matches one segment, `*` a part of one, `**` anything. */
  readonly path?: string | undefined;
  /** Host, with its port unless it is the scheme's default; `*` matches anything. */
  readonly host?: string | undefined;
}

/** A declared window. */
export interface WindowOptions {
  /**
   * Maximum number of attempts, or amount of the unit `of`, in any `per`: a whole number of 1 or more. With `refill`: the
   * capacity of the bucket.
   */
  readonly limit: number;
  /**
   * Length of the window: ms, or text such as `'1m'`. `'day'` and `'month'` are calendar windows in `zone`: all is free
   * again when the next one begins, by the wall clock. Required, unless there is a `refill`.
   */
  readonly per?: Duration | 'day' | 'month' | undefined;
  /** IANA name of the time zone of a calendar window, such as `'America/Los_Angeles'`. Default `'UTC'`. */
  readonly zone?: string | undefined;
  /**
   * Rate at which a token bucket of capacity `limit` refills, such as `'25/s'`, `'1000/m'` or `'5/10s'`. Given instead of
   * `per`.
   */
  readonly refill?: string | undefined;
  /** Unit that the window counts, such as `'tokens'`. Default `'requests'`: each attempt costs 1. */
  readonly of?: string | undefined;
  /**
   * Maximum time a request takes to reach the server: ms, or text such as `'500ms'`. If set, an attempt counts from the
   * earlier of its response and its sending + `transit`; this is exact while no request takes longer. Default: an
   * attempt counts from its response, which is exact at any latency but costs `latency / (per + latency)` of the limit.
   */
  readonly transit?: Duration;
}

/** A declared quota. */
export interface QuotaOptions {
  /** Key of the quota, by which a call's `quota` refers to it. Default: a key made from `match`. */
  readonly name?: string;
  /** Requests that the quota covers. Default `{}`: all. */
  readonly match?: QuotaMatch;
  /**
   * True for a quota that applies in addition to the request's main quota, such as a limit of the whole account. Default
   * false: the first match replaces the profile's quotas.
   */
  readonly also?: boolean | undefined;
  /**
   * One quota for each value of these: `'host'`, `'method'`, `'header:<name>'`, `'query:<name>'`, `'param:<name in
   * match.path>'`. Values that may be secret are kept only as digests. Idle quotas are forgotten.
   */
  readonly each?: readonly string[] | undefined;
  /**
   * What an attempt costs, by unit: numbers, or functions of the request. Default: the profile's, or else 1 request and,
   * for other units, the running mean of what attempts spent.
   */
  readonly cost?: Costs | undefined;
  /** What an attempt spent, by unit, read from its outcome: corrects its cost. Default: the profile's. */
  readonly spent?: ((outcome: Outcome) => Amounts | undefined) | undefined;
  /** Windows; all of them apply. Each allows at most `limit` attempts in any `per`. */
  readonly windows?: readonly WindowOptions[];
  /** Maximum number of attempts in flight. */
  readonly concurrency?: number;
  /**
   * Share of a window, above 0 and up to 1, at which a `near` event reports its use, once per window. Covers declared and
   * learned windows, and those that headers state. Default: no such events.
   */
  readonly near?: number | undefined;
  /** Minimum time between the starts of two attempts: ms, or text such as `'100ms'`. Default: none. */
  readonly spacing?: Duration | undefined;
}

/** Requests whose good answers are read before they are returned, because they may hold refusals. */
export interface ReadBodyOptions {
  /** A match, or several matches of which one must fit. Default `{}`: all requests. */
  readonly match?: QuotaMatch | readonly QuotaMatch[] | undefined;
}

/** Verdicts after which a call may continue. */
export type OverrideVerdict = Exclude<Verdict, 'success' | 'terminal'>;

/** The calls that an override covers. All given fields must match the call's first request; `{}` matches every call. */
export interface OverrideMatch extends QuotaMatch {
  /**
   * Key or keys, as in `gate.quotas()` and events: the request must draw on one of these quotas. `*` matches anything.
   */
  readonly quota?: string | readonly string[] | undefined;
  /**
   * Verdict or verdicts of an attempt: `'throttled'`, `'transient'`, `'unauthorized'`. The override's `retry` then
   * decides what follows an attempt with that verdict: `attempts` counts only attempts with the same verdict, and
   * `deadline` replaces the call's until the next attempt ends. Default: the override covers the whole call.
   */
  readonly verdict?: OverrideVerdict | readonly OverrideVerdict[] | undefined;
}

/** Settings that replace the gate's for the calls that match. */
export interface OverrideOptions {
  /** Calls that the override covers. Default `{}`: all. */
  readonly match?: OverrideMatch | undefined;
  /** Fields of the retry policy. Omitted ones keep their values. */
  readonly retry?: RetryOptions | undefined;
  /** Priority of the calls: a whole number from -10 to 10. Default 0. Not allowed with `match.verdict`. */
  readonly priority?: number | undefined;
  /** Whether resending the calls is safe. Default: see `CallOptions`. Not allowed with `match.verdict`. */
  readonly idempotent?: boolean | undefined;
}

/** A policy that may change while gates use it: `loadPolicy()` of `headgate/policy` gives one. */
export interface PolicySource {
  /** Where the policy comes from, e.g. the path of its file. */
  readonly source: string;
  /** The policy in force, as options of `headgate()`. */
  readonly options: HeadgateOptions;
  /** Reports changes from now on. Returns a function that stops the reports. */
  follow(follower: PolicyFollower): () => void;
}

/** Receives a policy's changes. */
export interface PolicyFollower {
  /** A valid change. */
  applied(options: HeadgateOptions): void;
  /** A change that is invalid, or that a working gate cannot make; the old policy remains in force. */
  refused(reason: string): void;
}

/** Options of `headgate()`. All are optional. */
export interface HeadgateOptions {
  /** Knowledge of the API. Default `generic()`, which knows only HTTP. */
  readonly profile?: Profile;
  /**
   * Policy whose options outrank those given here, and which may change while the gate works. Default: none. See
   * `loadPolicy()` of `headgate/policy`.
   */
  readonly policy?: PolicySource;
  /** Retry policy. Omitted fields take the profile's values, or else the defaults. */
  readonly retry?: RetryOptions;
  /** Quotas that take precedence over the profile's. A request uses the first one that matches it. */
  readonly quotas?: readonly QuotaOptions[];
  /**
   * Settings for some calls, by method, path, host, quota, or by the verdict of an attempt. All that match a call apply;
   * if two give the same option, the later one wins. A call's own options outrank them. Default: none.
   */
  readonly overrides?: readonly OverrideOptions[];
  /**
   * Requests, in addition to the profile's, that may be refused in the body of a good answer, such as GraphQL's
   * `RATE_LIMITED`. Only for these is the body of a good answer read before the answer is returned, up to 64 KiB that
   * arrive within 2 s. A body that is longer, slower, cut off, or neither JSON, XML nor plain text is returned unread.
   * Default: none.
   */
  readonly readBody?: ReadBodyOptions | undefined;
  /** Whether to learn undeclared limits. Default true. */
  readonly adaptive?: boolean;
  /**
   * Result of `gate.learned()` from an earlier run: the gate starts with those limits and continues to test them. Findings
   * older than 7 days are ignored. Default: nothing is known.
   */
  readonly learned?: Learned;
  /** Maximum number of queued attempts; further ones fail with `QueueFullError`. Default 100,000. */
  readonly maxQueue?: number;
  /**
   * Maximum number of queued attempts of one flow (`flow` of a call); further ones fail with `QueueFullError`. Default:
   * only `maxQueue` applies.
   */
  readonly maxQueuePerFlow?: number | undefined;
  /** Source of bearer tokens: a `TokenSource`, or any Azure `TokenCredential`. Default: no token is sent. */
  readonly auth?: TokenSource | TokenCredential;
  /**
   * Returns headers to merge over the request's own. Called once the permit is granted, right before sending, so that
   * signatures and timestamps do not age in the queue; called for each attempt and each leg of a redirect to an
   * authorised host. Authorised hosts are the profile's, or else the origin of the call's first request (with
   * `gate.undici()`: only the profile's). The permit is held while a returned promise is pending. If the function
   * throws, the call fails and the permit is given back.
   */
  readonly sign?: Sign;
  /** Ledger that keeps the permits. Default: a ledger private to this gate. To share one, use `memory()` or `redis()`. */
  readonly ledger?: Ledger;
  /** Name of this gate on its events. Default: the profile's. */
  readonly name?: string;
  /**
   * Further URL parameters whose values events, reports and messages hide: names in any case, or regular expressions.
   * Parameters whose names suggest a secret are always hidden. Default: none.
   */
  readonly redact?: readonly (string | RegExp)[];
}

/** Options of `gate.update()`. */
export type HeadgateUpdate = Pick<HeadgateOptions, 'retry' | 'quotas' | 'overrides'>;

/** Options of a single call. */
export interface CallOptions {
  /** Whole number from -10 to 10. Larger goes first; each step doubles the weight. Default 0. */
  readonly priority?: number;
  /** Maximum time for this call's waits and attempts, up to its response head. Default: the policy's. */
  readonly deadline?: Duration;
  /** Maximum time between two bytes of this call's response body. Default: the policy's. */
  readonly bodyTimeout?: Duration;
  /** Maximum single wait of this call; see `retry.inline`. Default: the policy's. */
  readonly inline?: Duration;
  /** What this call does while its server is down; see `retry.outage`. Default: the policy's. */
  readonly outage?: 'hold' | 'fail';
  /** Whether resending is safe. Default: decided by the method, an Idempotency-Key header, or the profile. */
  readonly idempotent?: boolean;
  /** Name of the quota to use. Default: the quota that matches the request. */
  readonly quota?: string;
  /** What each attempt costs, by unit: `{ tokens: 1200 }`. Default: the quota's `cost`. */
  readonly cost?: Costs | undefined;
  /**
   * Owner of the call, such as a tenant's ID. Flows of one priority that wait for a quota share it equally, by cost, so no
   * flow waits behind all calls of another. Within a flow, calls go in order. Default: calls without a flow share one.
   */
  readonly flow?: string | number | undefined;
}
