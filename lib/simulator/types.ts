import type { Duration } from '../words/types.ts';

/** Which requests: all that is given must fit. Paths are templates, matched whatever the case and with or without `/v1.0`. */
export interface Match {
  /** HTTP method, in any case. Default: any. */
  readonly method?: string | undefined;
  /** `{id}` stands for one segment, `*` for anything. */
  readonly path?: string | undefined;
}

/** One limit that the simulated API keeps. A request draws on every one that it matches. */
export interface SimulatedQuota {
  /** Which requests draw on it. Default: all. */
  readonly match?: Match | undefined;
  /** Maximum number of requests in any `per`. */
  readonly limit: number;
  /** In simulated time. */
  readonly per: Duration;
  /**
   * `fixed`: counted anew each `per`, from `phase` on; `rolling`: over the last `per`; `bucket`: `limit` tokens,
   * filled evenly over `per`. Default `fixed`.
   */
  readonly kind?: 'fixed' | 'rolling' | 'bucket' | undefined;
  /** Start of the first fixed window, in simulated ms after that of the simulator. Default: at random. */
  readonly phase?: number | undefined;
  /** Whether a refused request counts too. Default false. */
  readonly countRefused?: boolean | undefined;
}

/** How the simulator answers in place of the API. */
export interface Reply {
  /** Default 200. */
  readonly status?: number | undefined;
  /** The error code of a Defender envelope. */
  readonly code?: string | undefined;
  /** The envelope's message. Default: made of the code. */
  readonly message?: string | undefined;
  /** The envelope's target. Default: a new GUID. */
  readonly target?: string | undefined;
  /** A body in place of the envelope: text as it is, anything else as JSON. */
  readonly body?: unknown;
  /** Names in any case; `date: ''` leaves the Date header out. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** ms before the answer, in real time. */
  readonly delayMs?: number | undefined;
  /**
   * `reset`: the connection is broken before an answer; `truncate`: in the middle of the body; `hang`: no answer
   * ever; `dribble`: the body comes a byte every 20 ms; `endless`: the body never ends.
   */
  readonly fault?: 'reset' | 'truncate' | 'hang' | 'dribble' | 'endless' | undefined;
  /** Called when it is this reply's turn, e.g. to look at what is going on. */
  readonly seen?: (() => void) | undefined;
}

/** A reply given at random in place of the API's own. */
export interface RandomFault {
  /** Which requests may get it. Default: all. */
  readonly match?: Match | undefined;
  /** Share of the matching requests, from 0 to 1. */
  readonly rate: number;
  /** What they get. */
  readonly reply: Reply;
}

/** Options of `simulate()`. */
export interface SimulatorOptions {
  /** How many times faster than real time the simulated world goes: windows, token lives, machine actions. Default 1. */
  readonly timeScale?: number;
  /** Default: none. `defenderQuotas()` gives the documented ones. */
  readonly quotas?: readonly SimulatedQuota[];
  /**
   * How a 429 tells the wait: `header` (Retry-After, in whole seconds, rounded up), `precise` (`retry-after-ms` as
   * well), `message` (in the text alone), `silent` (not at all). Default `header`.
   */
  readonly retryAfter?: 'header' | 'precise' | 'message' | 'silent';
  /** Replies given at random. Default: none. */
  readonly faults?: readonly RandomFault[];
  /** ms before each answer, or from and to, in real time. Default 0. */
  readonly latency?: number | readonly [number, number];
  /** Requests worked on at once; more are answered with a 503. Default: any number. */
  readonly capacity?: number;
  /**
   * Whether `/api` asks for a token from the token endpoint: `true` requires one, `false` heeds none. Default: what
   * bears no token passes, and a wrong or expired token is refused with a 401; with `clientId` or `clientSecret`, true.
   */
  readonly auth?: boolean;
  /** What the token endpoint expects. Default: any. */
  readonly clientId?: string;
  /** Secret that the token endpoint expects. Default: any. */
  readonly clientSecret?: string;
  /** Life of a token in simulated time. Default 3599 s. */
  readonly tokenLife?: Duration;
  /** Default 25. */
  readonly machines?: number;
  /** Alerts of each machine. Default 2. */
  readonly alerts?: number;
  /** Items on a page that asks for no `$top`. Default 10. */
  readonly pageSize?: number;
  /** Makes chance repeatable. Default 1. */
  readonly seed?: number;
}

/** One request, as the simulator saw it. */
export interface LogEntry {
  /** Moment of arrival; ms, as `performance.now()` gives. */
  readonly at: number;
  /** HTTP method, in upper case. */
  readonly method: string;
  /** Path of the URL. */
  readonly path: string;
  /** With its query. */
  readonly url: string;
  /** Without the value of `authorization`. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The token that was sent, if any: good, old, or wrong. */
  readonly token: 'none' | 'good' | 'expired' | 'unknown';
  /** Its first 64 KiB. */
  readonly body: string;
  /** 0 when no answer was given. */
  status: number;
  /** Error code of the answer, where it had one. */
  code?: string | undefined;
  /** The `target` of the answer: what Headgate calls the correlation ID. */
  correlationId?: string | undefined;
}

/** A quota as `headgate({ quotas })` takes it. */
export interface GatedQuota {
  /** Requests that draw on it. */
  readonly match: { readonly method?: string; readonly path?: string };
  /** At most `limit` attempts in any `per` ms of real time. */
  readonly windows: readonly { readonly limit: number; readonly per: number }[];
}

/** A Defender-like server on loopback. */
export interface Simulator {
  /** Origin, e.g. `http://127.0.0.1:4711`. */
  readonly url: string;
  /** Port on 127.0.0.1. */
  readonly port: number;
  /** How many times faster than real time the simulated world goes. */
  readonly timeScale: number;
  /**
   * The simulated quotas as a gate declares them, in real time: `headgate({ quotas: sim.quotas() })` gates what is
   * simulated at 30 times real time at that speed. The gate takes the first that fits a request, the most special one.
   */
  quotas(): GatedQuota[];
  /** What it saw, in order; of more than 100,000 requests, the last. */
  readonly log: readonly LogEntry[];
  /** The next requests that match get these replies, in order, before anything else is looked at. */
  script(match: Match, ...replies: Reply[]): void;
  /** Requests that match, of those in the log. */
  seen(match?: Match): LogEntry[];
  /** The most accepted requests that match in any span of `per` real ms: what a quota would have had to allow. */
  worst(match: Match, per: number): number;
  /** Makes all tokens invalid. */
  expireTokens(): void;
  /** Forgets log, scripts, counts, tokens and machine actions. */
  reset(): void;
  /** Breaks all connections and stops listening. */
  close(): Promise<void>;
  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
