import type { Duration } from '../words/types.ts';

/** A set of requests: all given fields must match. */
export interface Match {
  /** HTTP method, in any case. Default: any. */
  readonly method?: string | undefined;
  /** Path template, in any case and with or without `/v1.0`: `{id}` matches one segment, `*` anything. */
  readonly path?: string | undefined;
}

/** One limit of the simulated API. A request counts against every limit that it matches. */
export interface SimulatedQuota {
  /** Requests that count against it. Default: all. */
  readonly match?: Match | undefined;
  /** Maximum number of requests in any `per`. */
  readonly limit: number;
  /** Length of the window, in simulated time. */
  readonly per: Duration;
  /**
   * `fixed`: a new count each `per`, starting at `phase`; `rolling`: a count over the last `per`; `bucket`: `limit`
   * tokens, refilled evenly over `per`. Default `fixed`.
   */
  readonly kind?: 'fixed' | 'rolling' | 'bucket' | undefined;
  /** Start of the first fixed window, in simulated ms after the simulator's start. Default: random. */
  readonly phase?: number | undefined;
  /** Whether refused requests count too. Default false. */
  readonly countRefused?: boolean | undefined;
}

/** A reply that the simulator gives in place of the API's own. */
export interface Reply {
  /** HTTP status. Default: the status of `code`, or else 200. */
  readonly status?: number | undefined;
  /** Error code of a Defender envelope. */
  readonly code?: string | undefined;
  /** Message of the envelope. Default: derived from the code. */
  readonly message?: string | undefined;
  /** Target of the envelope. Default: a new GUID. */
  readonly target?: string | undefined;
  /** Body in place of the envelope: a string is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  /** Headers, names in any case; `date: ''` omits the Date header. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Delay before the reply, in ms of real time. */
  readonly delayMs?: number | undefined;
  /**
   * `reset`: the connection breaks before a reply; `truncate`: it breaks in the middle of the body; `hang`: no reply is
   * sent; `dribble`: the body arrives a character every 20 ms; `endless`: the body never ends.
   */
  readonly fault?: 'reset' | 'truncate' | 'hang' | 'dribble' | 'endless' | undefined;
  /** Called right before the reply is sent, e.g. to inspect state. */
  readonly seen?: (() => void) | undefined;
}

/** A random reply in place of the API's own. */
export interface RandomFault {
  /** Requests that may get it. Default: all. */
  readonly match?: Match | undefined;
  /** Fraction of the matching requests that get it, from 0 to 1. */
  readonly rate: number;
  /** The reply. */
  readonly reply: Reply;
}

/** Options of `simulate()`. */
export interface SimulatorOptions {
  /** Speed of simulated time (windows, token lifetimes, machine actions) relative to real time. Default 1. */
  readonly timeScale?: number;
  /** Limits of the API. Default: none. `defenderQuotas()` returns the documented ones. */
  readonly quotas?: readonly SimulatedQuota[];
  /**
   * Where a 429 names the wait: `header` (Retry-After, in whole seconds, rounded up), `precise` (also in
   * `retry-after-ms`), `message` (only in the text), `silent` (nowhere). Default `header`.
   */
  readonly retryAfter?: 'header' | 'precise' | 'message' | 'silent';
  /** Random replies. Default: none. */
  readonly faults?: readonly RandomFault[];
  /** Delay before each reply, or its range, in ms of real time. Default 0. */
  readonly latency?: number | readonly [number, number];
  /** Maximum number of requests in progress; further ones get a 503. Default: unlimited. */
  readonly capacity?: number;
  /**
   * Whether `/api` requires a token from the token endpoint: `true` requires one, `false` ignores tokens. Default: a
   * request without a token passes, and a wrong or expired token gets a 401; with `clientId` or `clientSecret`, true.
   */
  readonly auth?: boolean;
  /** Client ID that the token endpoint expects. Default: any. */
  readonly clientId?: string;
  /** Secret that the token endpoint expects. Default: any. */
  readonly clientSecret?: string;
  /** Lifetime of a token, in simulated time. Default 3599 s. */
  readonly tokenLife?: Duration;
  /** Number of machines. Default 25. */
  readonly machines?: number;
  /** Number of alerts per machine. Default 2. */
  readonly alerts?: number;
  /** Number of items on a page without `$top`. Default 10. */
  readonly pageSize?: number;
  /** Seed of the random numbers. Default 1. */
  readonly seed?: number;
}

/** One request received by the simulator. */
export interface LogEntry {
  /** Moment of arrival, in ms by `performance.now()`. */
  readonly at: number;
  /** HTTP method, in upper case. */
  readonly method: string;
  /** Path of the URL. */
  readonly path: string;
  /** Path with query. */
  readonly url: string;
  /** Headers, without `authorization`. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** State of the request's token. */
  readonly token: 'none' | 'good' | 'expired' | 'unknown';
  /** Body: its first 64 Ki characters. */
  readonly body: string;
  /** Status of the reply; 0 if none was sent. */
  status: number;
  /** Error code of the reply, if any. */
  code?: string | undefined;
  /** `target` of the reply: Headgate's correlation ID. */
  correlationId?: string | undefined;
}

/** A quota in the form that `headgate({ quotas })` accepts. */
export interface GatedQuota {
  /** Requests that use it. */
  readonly match: { readonly method?: string; readonly path?: string };
  /** Windows: at most `limit` attempts in any `per` ms of real time. */
  readonly windows: readonly { readonly limit: number; readonly per: number }[];
}

/** A Defender-like server on loopback. */
export interface Simulator {
  /** Origin, e.g. `http://127.0.0.1:4711`. */
  readonly url: string;
  /** Port on 127.0.0.1. */
  readonly port: number;
  /** Speed of simulated time relative to real time. */
  readonly timeScale: number;
  /**
   * Returns the simulated quotas in a gate's form, scaled to real time: `headgate({ quotas: sim.quotas() })` respects them
   * at any `timeScale`. The most specific quotas come first, because a gate uses the first that matches a request.
   */
  quotas(): GatedQuota[];
  /** Requests received, in order; only the last 100,000. */
  readonly log: readonly LogEntry[];
  /** Gives the next matching requests these replies, in order, with precedence over everything else. */
  script(match: Match, ...replies: Reply[]): void;
  /** Returns the matching requests in the log. */
  seen(match?: Match): LogEntry[];
  /** Maximum number of accepted matching requests in any `per` real ms: the limit that a quota would have needed. */
  worst(match: Match, per: number): number;
  /** Expires all tokens. */
  expireTokens(): void;
  /** Clears log, scripts, counts, tokens and machine actions. */
  reset(): void;
  /** Closes all connections and stops listening. */
  close(): Promise<void>;
  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
