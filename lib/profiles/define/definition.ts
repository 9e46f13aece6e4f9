/** The declarative form of a profile: what `defineProfile` takes. */
import type { Classification, Duration, Notice, Outcome, RequestFacts, Verdict } from '../../words/types.ts';

/** Where and when a fact was read. */
export interface Source {
  /** Address of the page, issue or file. */
  readonly url: string;
  /** Day or month on which it was read or dated: `2026-11-25` or `2026-11`. */
  readonly date: string;
  /** What the source is, and how far it can be trusted. */
  readonly note?: string | undefined;
}

/** A fact with its source. */
export interface Sourced {
  /** A name in `sources`, or an address, which needs `sourceDate`. */
  readonly source?: string | undefined;
  /** `2026-11-25` or `2026-11`. Default: the date of the source that `source` names. */
  readonly sourceDate?: string | undefined;
}

/** Requests of the API. All given fields must match; `{}` matches every request to the API's hosts. */
export interface RequestMatch {
  /** HTTP method or methods. `GET` includes HEAD. Default: any. */
  readonly method?: string | readonly string[] | undefined;
  /**
   * Path template or templates, below the host and in any case: `{id}` matches one segment, `*` a part of one, `**` at
   * the end any number of segments. Repeated and trailing slashes do not count. Default: any.
   */
  readonly path?: string | readonly string[] | undefined;
  /** Host template or templates; `{region}` matches one label of the name. Default: any of the profile's hosts. */
  readonly host?: string | readonly string[] | undefined;
  /** Names of URL parameters; at least one must be present. Default: any. */
  readonly query?: string | readonly string[] | undefined;
}

/** One limit: a number of requests, or of another unit, per time. */
export interface WindowDefinition<Choices extends string = string> extends Sourced {
  /** Maximum amount in any `per`, or the capacity of a bucket. */
  readonly limit: number;
  /** Length of the window; `day` and `month` are calendar windows in `zone`. */
  readonly per?: Duration | 'day' | 'month' | undefined;
  /** IANA name of the time zone of a calendar window. Default `UTC`. */
  readonly zone?: string | undefined;
  /** Refill of a token bucket, instead of `per`: `'25/s'`, `'1000/m'`. */
  readonly refill?: string | undefined;
  /** Unit that is counted. Default `requests`: each attempt costs 1. */
  readonly of?: string | undefined;
  /** Options of the profile with which this window applies. Default: always. */
  readonly when?: Readonly<Partial<Record<Choices, string>>> | undefined;
  /** Further remarks of the source. */
  readonly note?: string | undefined;
}

/** Amount of a unit that a request costs: a number, numbers by method (`*` for all others), or a function. */
export type CostDefinition =
  | number
  | Readonly<Record<string, number>>
  | ((request: RequestFacts) => number | undefined);

/** A quota of the API. */
export interface QuotaDefinition<Sharers extends string = string, Choices extends string = string>
  extends Sourced {
  /** Name in keys, events and the profile's page. Default: derived from `match`. */
  readonly name?: string | undefined;
  /** Requests that draw on it. Without `also`, the most specific path of all quotas wins. Default: every request. */
  readonly match?: RequestMatch | readonly RequestMatch[] | undefined;
  /** Requests of `match` that do not draw on it; only with `also`. */
  readonly except?: RequestMatch | readonly RequestMatch[] | undefined;
  /** True if it applies in addition to the request's main quota. */
  readonly also?: boolean | undefined;
  /**
   * One quota for each value: `host`, `method`, `path`, or `param:<name in the path's template>`. Buckets that answers name
   * (`x-ratelimit-bucket`) are shared by all requests with the same value of the first `param`.
   */
  readonly each?: readonly string[] | undefined;
  /** Options that identify its sharers. Default: all `sharers`. */
  readonly sharedBy?: readonly Sharers[] | undefined;
  /** Limits; all of them apply. Empty: none is documented, so they are learned. */
  readonly windows?: readonly WindowDefinition<Choices>[] | undefined;
  /** Maximum number of requests in flight. */
  readonly concurrency?: ({ readonly limit: number; readonly note?: string } & Sourced) | undefined;
  /** What a request costs, by unit. */
  readonly cost?: Readonly<Record<string, CostDefinition>> | undefined;
  /**
   * Where an answer states what the request cost, by unit: `header:<name>` or `body:<path>`. A duration, such as
   * `00:00:19.06`, counts in seconds. Only the first 64 KiB of a body are read.
   */
  readonly spent?: Readonly<Record<string, string>> | undefined;
  /** Further remarks, for the profile's page. */
  readonly note?: string | undefined;
}

/** What an error means. The first definition that fits an answer decides. */
export interface CodeDefinition extends Sourced {
  /** Code or codes of the error body, in any case. */
  readonly code?: string | readonly string[] | undefined;
  /**
   * Status or statuses. With `code`: the statuses that the code comes with, as documentation; the code decides. Without
   * `code`: the statuses that this definition covers. Codes in answers below 400 are read only if listed with that status.
   */
  readonly status?: number | readonly number[] | undefined;
  /** Requests that it covers. Default: all. */
  readonly match?: RequestMatch | readonly RequestMatch[] | undefined;
  /** Pattern that the error's message must match. */
  readonly message?: RegExp | undefined;
  /** Header that the answer must have, or header and value: `x-ratelimit-remaining: 0`. */
  readonly header?: string | undefined;
  /** True if it covers only answers without an error body. */
  readonly bare?: boolean | undefined;
  /** Verdict. Default: the verdict of the status. */
  readonly verdict?: Verdict | undefined;
  /** What to do about it, in one or two sentences. */
  readonly advice: string;
  /** True if the API cannot have processed the request. Default: true when throttled. */
  readonly unprocessed?: boolean | undefined;
  /** The quota that is used up: `account`, or the API's own name for one. Default: the one that the answer names. */
  readonly quota?: string | undefined;
  /** The unit that is used up. Default: the one that the answer names. */
  readonly unit?: string | undefined;
  /** Wait if the answer names none. */
  readonly wait?: Duration | undefined;
  /** False for an error that was observed but is not documented. Default true. */
  readonly documented?: boolean | undefined;
}

/** Where an answer states how long to wait, besides `Retry-After` and the usual headers. */
export interface WaitDefinition {
  /** Path in a JSON body: `retry_after`, `error.details.*.retryDelay`, where `*` is any element of a list. */
  readonly body?: string | undefined;
  /** Pattern of the error's message; its first group is the wait. */
  readonly message?: RegExp | undefined;
  /** Unit of a number without one. `timespan`: `[d.]hh:mm:ss`; `date`: a moment by ISO 8601. */
  readonly unit: 's' | 'ms' | 'timespan' | 'date';
}

/** A header about a quota, for the profile's page. */
export interface HeaderDefinition extends Sourced {
  /** Name of the header, in lower case. */
  readonly name: string;
  /** What it says, with its unit. */
  readonly means: string;
}

/** A request that the API retires. */
export interface DeprecationDefinition extends Sourced {
  /** Requests that are retired. */
  readonly match: RequestMatch | readonly RequestMatch[];
  /** What is retired, until when, and what replaces it. */
  readonly message: string;
}

/** Requests that are safe to repeat, whatever their method. */
export interface ResendDefinition extends RequestMatch {
  /** Names, in any case, that the request's JSON body must not have; a body that can't be read is not safe either. */
  readonly unlessBody?: readonly string[] | undefined;
  /** Why it is safe, for the profile's page. */
  readonly why?: string | undefined;
}

/** An answer of the API and its correct reading. */
export interface ProfileExample extends Sourced {
  /** What it shows. */
  readonly title: string;
  /** Method and URL, e.g. `GET https://api.example.com/items`. */
  readonly request: string;
  /** Body of the request. */
  readonly requestBody?: string | undefined;
  /** HTTP status of the answer. */
  readonly status: number;
  /** Headers of the answer, in any case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Text, or an object that is sent as JSON. */
  readonly body?: string | object | undefined;
  /** Expected fields of the reading; `undefined` or `null`: the field must be absent. */
  readonly reading: Readonly<Partial<{ [Field in keyof Classification]: Classification[Field] | null }>>;
}

/**
 * Answers in the API's style. Texts may hold the placeholders `{limit}`, `{remaining}`, `{used}`, `{reset}` (epoch
 * seconds), `{resetAfter}` (seconds), `{wait}` (whole seconds), `{waitS}` (seconds) and `{waitMs}`; each may name a unit,
 * as `{remaining:tokens}` does. A header whose placeholder has no value is left out.
 */
export interface SimulationDefinition {
  /** Headers of every answer. */
  readonly told?: Readonly<Record<string, string>> | undefined;
  /** Body of a good answer. Default: `{}`, with the cost at the places of `spent`. */
  readonly body?: object | undefined;
  /** The answer to a request for which a quota has no room. */
  readonly refusal: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>> | undefined;
    /** Text, or an object that is sent as JSON; a string that is one placeholder becomes a number. */
    readonly body?: string | object | undefined;
  };
}

/** Code for what data cannot express. Created anew for each profile, so it may keep state. */
export interface Hooks {
  /** Refines a reading of an error. `endpoint` is the name of the quota that the request draws on. */
  refine?(reading: Classification, outcome: Outcome, endpoint: string | undefined): Classification;
  /** A notice about a request to the API, in addition to the deprecations. */
  notice?(request: RequestFacts, endpoint: string | undefined): Notice | undefined;
}

/** The knowledge of one API, as data. */
export interface ProfileDefinition<
  Sharers extends string = string,
  Choices extends Readonly<Record<string, readonly string[]>> = Readonly<Record<string, readonly string[]>>,
> {
  /** Short name, e.g. `github`: letters, digits and `-`. */
  readonly name: string;
  /** Name for people, e.g. `GitHub REST API`. */
  readonly title: string;
  /** Address of the API's documentation. */
  readonly docs?: string | undefined;
  /** Sources by name, for `source`. */
  readonly sources?: Readonly<Record<string, Source>> | undefined;
  /**
   * Hosts of the API, over HTTPS: `api.example.com`, `{shop}.example.com` (`{…}` is one label). Hosts of one `family`
   * share their quotas; by default each host has its own. Loopback addresses count as hosts too: only a simulator listens
   * there.
   */
  readonly hosts: readonly (string | { readonly host: string; readonly family: string })[];
  /** Family of the hosts that a user adds. Default: one for each host. */
  readonly family?: string | undefined;
  /** Form of the paths. */
  readonly paths?:
    | {
        /** Path below which the API lies. Requests elsewhere get no token and are read by HTTP alone. Default `/`. */
        readonly root?: string | undefined;
        /** True if a version such as `v1.0` may follow the root. Default false. */
        readonly version?: boolean | undefined;
        /** True if keys may be in parentheses: `machines('id')`. Default false. */
        readonly odata?: boolean | undefined;
      }
    | undefined;
  /** Options that identify the sharers of the quotas: `tenant`, `app`. */
  readonly sharers?: readonly Sharers[] | undefined;
  /** Options with a choice, e.g. of a plan; the first is the default. */
  readonly choices?: Choices | undefined;
  /** The API's quotas. */
  readonly quotas?: readonly QuotaDefinition<Sharers, keyof Choices & string>[] | undefined;
  /**
   * Where an error has its code and message: paths in a JSON body (`errors.0.code`, `errors.*.reason`), or
   * `header:<name>`. Of a code such as `com.example#Code` or `Code:http://…`, only `Code` counts. Default: the usual
   * shapes.
   */
  readonly error?:
    | { readonly code?: readonly string[] | undefined; readonly message?: readonly string[] | undefined }
    | undefined;
  /** The meaning of errors. */
  readonly codes?: readonly CodeDefinition[] | undefined;
  /** Requests whose answers below 400 may hold errors of `codes`: their bodies are read. Default: none. */
  readonly readBody?: RequestMatch | readonly RequestMatch[] | undefined;
  /** Where an answer holds the request's ID, best first: `body:<path>`, `header:<name>`. Default: the usual headers. */
  readonly correlation?: readonly string[] | undefined;
  /** Where a body states a wait. Default: the usual places and texts, as `generic()` reads them. */
  readonly waits?: readonly WaitDefinition[] | undefined;
  /** Headers about quotas. */
  readonly headers?: readonly HeaderDefinition[] | undefined;
  /** OAuth scopes of the API's tokens; the first that matches. */
  readonly scopes?: readonly (RequestMatch & { readonly scope: string })[] | undefined;
  /** Requests to the API's hosts that must not carry the gate's token. */
  readonly withhold?: RequestMatch | readonly RequestMatch[] | undefined;
  /** Requests that are safe to repeat, whatever their method. */
  readonly resend?: readonly ResendDefinition[] | undefined;
  /** Requests that the API retires; each causes one warning. */
  readonly deprecations?: readonly DeprecationDefinition[] | undefined;
  /** How a simulator answers in the API's style. */
  readonly simulation?: SimulationDefinition | undefined;
  /** Answers with their correct readings. */
  readonly examples?: readonly ProfileExample[] | undefined;
  /** Defaults for `retry` options that the user leaves out. */
  readonly retry?: { readonly deadline?: Duration; readonly attempts?: number } | undefined;
  /** Facts that a definition cannot express, for the profile's page. */
  readonly notes?: readonly string[] | undefined;
  /** Code for what data cannot express. */
  readonly hooks?: (() => Hooks) | undefined;
}
