/** The vocabulary of the peers' bench. All durations and moments are in ms; moments count from a server's first request. */

/** One limit that the server keeps. */
export interface Limit {
  /** `fixed`: counted anew each `per`, from a phase that the seed draws; `rolling`: over the last `per`; `bucket`: tokens. */
  readonly kind: 'rolling' | 'fixed' | 'bucket';
  readonly limit: number;
  readonly per: number;
  /** Counts the tokens of a call in place of calls; rolling only. */
  readonly of?: 'tokens';
  /** One limit for each route. */
  readonly each?: 'route';
  /** From these moments on, other limits. */
  readonly changes?: readonly { readonly at: number; readonly limit: number }[];
}

/** A time in which the server answers everything in the same way. */
export interface Trouble {
  readonly from: number;
  readonly to: number;
  /** 0 breaks the connection in place of an answer. */
  readonly status: number;
  /** Whether its answers name the moment of its end, in Retry-After. */
  readonly retryAfter?: boolean;
}

/** How a server behaves. */
export interface ServerPlan {
  /** A request is admitted when every one admits it; refused ones are not counted. */
  readonly limits: readonly Limit[];
  /** What a 429 tells: whole seconds in Retry-After, rounded up, or nothing at all. */
  readonly retryAfter: 'seconds' | 'none';
  /** Requests that it carries at once; above, it answers 503 at once and without any header. */
  readonly capacity?: number;
  readonly troubles?: readonly Trouble[];
  /** Time from a request to its answer: evenly between the two. A refusal takes a tenth of it. */
  readonly latency: readonly [from: number, to: number];
}

/** A limit that the client is told. */
export type Declared = Pick<Limit, 'limit' | 'per' | 'of' | 'each'>;

/** One piece of work that every peer is given. */
export interface Work {
  readonly name: string;
  /** In one line, for a table. */
  readonly title: string;
  readonly calls: number;
  /** Calls per second, whatever becomes of those before (open loop); all at once when absent. */
  readonly rate?: number;
  /** What the client is told of the limits; nothing when absent. */
  readonly declared?: readonly Declared[];
  /** Least and greatest cost of a call in tokens; the client knows it to the half, and exactly from the answer. */
  readonly tokens?: readonly [from: number, to: number];
  /** Number of routes, over which the calls are spread at random. */
  readonly routes?: number;
  /** What a trial may take before what is left of it counts as lost. */
  readonly longest: number;
  readonly server: ServerPlan;
}

/** As its users find it, or as its documentation advises for a limited API. */
export type Variant = 'defaults' | 'tuned';

/** What a peer is made for. */
export interface Setup {
  readonly variant: Variant;
  readonly work: Work;
  /** Tells what goes on inside on stderr. */
  readonly trace: boolean;
}

/** A client, ready to call. */
export interface Client {
  /** Resolves when the call got an answer of 2xx; rejects when the peer gives it up. */
  call(url: string): Promise<unknown>;
  close?(): Promise<unknown> | undefined;
}

/** A client library, or several wired together as their documentation advises. One per file of `clients/`, its default export. */
export interface Peer {
  readonly title: string;
  /** What `tuned` sets, and where that is advised; absent when there is nothing to tune. */
  readonly tuned?: string;
  make(setup: Setup): Client | Promise<Client>;
}

/** One request as the server saw it. */
export interface Hit {
  readonly at: number;
  /** The number of its call. */
  readonly call: number;
  /** 0 when the connection was broken. */
  readonly status: number;
}

/** One call as its user saw it; moments from the first call's start. */
export interface Outcome {
  readonly startedAt: number;
  /** `undefined` when it had not ended when the trial was cut off. */
  readonly endedAt: number | undefined;
  /** Name of the error it was given up with. */
  readonly error?: string;
}

/** One run of one work by one peer. */
export interface Trial {
  readonly work: string;
  readonly peer: string;
  readonly variant: Variant;
  readonly seed: number;
  readonly idealMs: number;
  readonly figures: Figures;
  readonly hits: readonly Hit[];
}

/** What a trial came to. */
export interface Figures {
  /** From the first call's start to the last call's end. */
  readonly timeMs: number;
  readonly timeOverIdeal: number;
  /** Requests at the server per call. */
  readonly attemptsPerCall: number;
  readonly throttled: number;
  /** 5xx, and broken connections. */
  readonly failed: number;
  readonly throttledPerSuccess: number;
  readonly failedPerSuccess: number;
  /** Calls given up, or not ended when the trial was cut off. */
  readonly lost: number;
  /** Of the calls that succeeded, from their arrival, in ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Most requests in any 100 ms after the last trouble. */
  readonly herd: number;
  /** Longest time in which a route with calls left was sent none; 0 where a work has no routes. */
  readonly starvedMs: number;
}
