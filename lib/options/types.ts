import type { Ledger } from '../ledger/ledger.ts';
import type { RetryOptions } from '../policy/policy.ts';
import type { Sign, TokenCredential, TokenSource } from '../words/auth.ts';
import type { Duration, Profile } from '../words/types.ts';

/** Which requests a quota is for. All that is given must fit; `{}` fits every request. */
export interface QuotaMatch {
  /** A method or several; any case. */
  readonly method?: string | readonly string[] | undefined;
  /**
   * The URL's path, whatever its case: `{id}` stands for one segment, `*` for a part of one, `**` for anything.
   */
  readonly path?: string | undefined;
  /** Host, with its port if it is not the scheme's own; `*` stands for anything. */
  readonly host?: string | undefined;
}

/** A window that its user declares. */
export interface WindowOptions {
  /** Maximum number of attempts in any `per`: a whole number of 1 or more. */
  readonly limit: number;
  /** Length of the window: ms, or text such as `'1m'`. */
  readonly per: Duration;
  /**
   * Maximum time that a request takes to the server: ms, or text such as `'500ms'`. An attempt counts from the earlier of its
   * response and its sending + `transit`, which is exact as long as no request takes longer. Default: it counts from its
   * response, which is exact at any latency but costs `latency / (per + latency)` of the limit.
   */
  readonly transit?: Duration;
}

/** A quota that its user declares. */
export interface QuotaOptions {
  /** Its key, and what a call's `quota` names it by. Default: made of `match`. */
  readonly name?: string;
  /** Default `{}`. */
  readonly match?: QuotaMatch;
  /** At most `limit` attempts in any `per`, for each of them. */
  readonly windows?: readonly WindowOptions[];
  /** Most attempts in flight at once. */
  readonly concurrency?: number;
}

/** Options of `headgate()`. All are optional. */
export interface HeadgateOptions {
  /** What is known of the API. Default `generic()`, which knows only HTTP. */
  readonly profile?: Profile;
  /** How to retry. What is left out is the profile's, or the default. */
  readonly retry?: RetryOptions;
  /** Quotas that go before the profile's; the first that matches a request is the one it draws on. */
  readonly quotas?: readonly QuotaOptions[];
  /** Learn the limits that nobody declared. Default true. */
  readonly adaptive?: boolean;
  /** Most attempts that wait at once; more are refused with `QueueFullError`. Default 100,000. */
  readonly maxQueue?: number;
  /** Where to get a bearer token: a function of ours, or any Azure `TokenCredential`. Default: none is sent. */
  readonly auth?: TokenSource | TokenCredential;
  /**
   * Headers to lay over the request's own, made when its permit is granted, right before it is sent: signatures and
   * timestamps that must not grow old in a queue. Called for each attempt and each leg of a redirect to an authorised
   * host: those of the profile, or else the origin of the call's first request (by `gate.undici()`: the profile's alone).
   * The permit is held while a promise is awaited. What it throws ends the call and gives the permit back.
   */
  readonly sign?: Sign;
  /** The book of permits. Default: in memory. */
  readonly ledger?: Ledger;
  /** Name of this gate on its events. Default: the profile's. */
  readonly name?: string;
  /**
   * URL parameters whose values events, reports and messages hide, besides those whose names tell of a secret: names
   * in any case, or regular expressions. Default: none.
   */
  readonly redact?: readonly (string | RegExp)[];
}

/** Options of `gate.update()`. */
export type HeadgateUpdate = Pick<HeadgateOptions, 'retry' | 'quotas'>;

/** What a single call may ask for itself. */
export interface CallOptions {
  /** Whole number from -10 to 10; larger goes first, each step weighing twice the one below. Default 0. */
  readonly priority?: number;
  /** Total time for this call's waits and attempts, up to its response's head. Default: the policy's. */
  readonly deadline?: Duration;
  /** Longest time between two bytes of this call's response body. Default: the policy's. */
  readonly bodyTimeout?: Duration;
  /** Whether a repetition does no harm. Default: told by the method, an Idempotency-Key, or the profile. */
  readonly idempotent?: boolean;
  /** Name of the quota to draw on. Default: told by the request. */
  readonly quota?: string;
}
