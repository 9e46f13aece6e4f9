import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DefinedProfile } from '../profiles/define/index.ts';
import { OptionsError } from '../words/errors.ts';
import type { QuotaRef, RequestFacts } from '../words/types.ts';
import { filledBody, filledHeaders, put, type Values } from './fill.ts';
import { Meter, type MeterKind } from './meters.ts';
import { seeded } from './random.ts';

/** Options of `simulateApi()`. */
export interface ApiSimulatorOptions {
  /** How windows are counted. Default `fixed`, at a random phase. */
  readonly kind?: MeterKind | undefined;
  /** Delay before each answer, in ms. Default 0. */
  readonly latencyMs?: number | undefined;
  /** Cost of a request in a unit other than requests, as the server sees it. Default: the profile's cost, or else 1. */
  readonly cost?: ((unit: string, request: RequestFacts) => number | undefined) | undefined;
  /** Seed of the random numbers. Default 1. */
  readonly seed?: number | undefined;
}

/** One request received by the simulator of an API. */
export interface ApiLogEntry {
  /** Moment of arrival, in ms by `performance.now()`. */
  readonly at: number;
  /** HTTP method, in upper case. */
  readonly method: string;
  /** Path with query. */
  readonly url: string;
  /** Whether a quota refused it. */
  readonly refused: boolean;
}

/** A server on loopback that keeps the quotas of a profile and answers in the API's manner. */
export interface ApiSimulator {
  /** Origin, e.g. `http://127.0.0.1:4711`. */
  readonly url: string;
  /** Requests received, in order. */
  readonly log: readonly ApiLogEntry[];
  /** Closes all connections and stops listening. */
  close(): Promise<void>;
  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

interface State {
  readonly meters: readonly Meter[];
  inFlight: number;
}

/** What a request draws on. */
interface Draw {
  readonly ref: QuotaRef;
  readonly state: State;
}

/**
 * Starts a server that keeps the quotas of a profile, all of those that a request draws on, and refuses in the manner of
 * the API, as the profile's `simulation` says. For quotas without documented limits, make a profile with some:
 * `defineProfile({ ...openai.definition, quotas: […] })`.
 *
 * Throws `OptionsError` if the profile has no `simulation`.
 */
export async function simulateApi(
  profile: DefinedProfile,
  options: ApiSimulatorOptions = {},
): Promise<ApiSimulator> {
  const { simulation } = profile.definition;
  if (!simulation) throw new OptionsError('simulateApi', profile.name, "a profile with a 'simulation'");
  const server = new Server(profile, options);
  await server.listen();
  return server;
}

class Server implements ApiSimulator {
  readonly log: ApiLogEntry[] = [];
  readonly #profile: DefinedProfile;
  readonly #options: ApiSimulatorOptions;
  readonly #random: () => number;
  readonly #states = new Map<string, State>();
  readonly #http: http.Server;

  constructor(profile: DefinedProfile, options: ApiSimulatorOptions) {
    this.#profile = profile;
    this.#options = options;
    this.#random = seeded(options.seed ?? 1);
    this.#http = http.createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
    this.#http.keepAliveTimeout = 60_000;
    this.#http.on('clientError', (_error, socket) => socket.destroy());
  }

  async listen(): Promise<void> {
    this.#http.listen(0, '127.0.0.1');
    await once(this.#http, 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    if (!this.#http.listening) return;
    this.#http.close();
    this.#http.closeAllConnections();
    await once(this.#http, 'close');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = performance.now();
    const { method = 'GET', url = '/' } = request;
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const facts: RequestFacts = {
      method,
      url: new URL(url, this.url),
      body: () => Buffer.concat(chunks).toString(),
    };
    const { quotas } = this.#profile;
    const draws = quotas(facts).map((ref) => ({ ref, state: this.#stateOf(ref) }));
    const waitMs = this.#wait(draws, facts, at);
    this.log.push({ at, method, url, refused: waitMs > 0 });
    if (waitMs === 0) for (const draw of draws) this.#take(draw, facts, at, response);
    const { latencyMs = 0 } = this.#options;
    if (latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, latencyMs).unref());
    if (!response.destroyed) this.#answer(response, draws, facts, waitMs);
  }

  /** The longest wait of all quotas; requests over a limit of requests in flight are told to come back in 1 s. */
  #wait(draws: readonly Draw[], facts: RequestFacts, now: number): number {
    let longest = 0;
    for (const { ref, state } of draws) {
      if (state.inFlight >= (ref.concurrency ?? Infinity)) longest = Math.max(longest, 1000);
      for (const meter of state.meters) {
        longest = Math.max(longest, meter.wait(now, this.#cost(ref, meter.unit, facts)));
      }
    }
    return longest;
  }

  #take({ ref, state }: Draw, facts: RequestFacts, now: number, response: ServerResponse): void {
    for (const meter of state.meters) meter.take(now, this.#cost(ref, meter.unit, facts));
    state.inFlight += 1;
    response.once('close', () => {
      state.inFlight -= 1;
    });
  }

  #cost(ref: QuotaRef, unit: string, facts: RequestFacts): number {
    if (unit === 'requests') return 1;
    const cost = this.#options.cost?.(unit, facts);
    if (cost !== undefined) return cost;
    const known = ref.cost?.[unit];
    return (typeof known === 'function' ? known(facts) : known) ?? 1;
  }

  #stateOf({ key, windows }: QuotaRef): State {
    let state = this.#states.get(key);
    if (state === undefined) {
      const kind = this.#options.kind ?? 'fixed';
      const now = performance.now();
      const meters = windows.map((window) => new Meter(window, kind, now - this.#random() * window.per));
      state = { meters, inFlight: 0 };
      this.#states.set(key, state);
    }
    return state;
  }

  #answer(response: ServerResponse, draws: readonly Draw[], facts: RequestFacts, waitMs: number): void {
    const {
      told,
      refusal,
      body = {},
    } = this.#profile.definition.simulation as NonNullable<DefinedProfile['definition']['simulation']>;
    const values = valuesOf(draws, waitMs);
    const headers = { 'content-type': 'application/json', ...filledHeaders(told, values) };
    if (waitMs > 0) {
      const answer = filledBody(refusal.body ?? '', values);
      response
        .writeHead(refusal.status, { ...headers, ...filledHeaders(refusal.headers, values) })
        .end(typeof answer === 'string' ? answer : JSON.stringify(answer));
      return;
    }
    response.writeHead(200, headers).end(JSON.stringify(this.#good(body, draws, facts)));
  }

  /** The body of a good answer, with what was spent. */
  #good(body: object, draws: readonly Draw[], facts: RequestFacts): object {
    const answer = structuredClone(body) as Record<string, unknown>;
    const { quotas = [] } = this.#profile.definition;
    for (const { ref } of draws) {
      const spent = quotas.find(({ name }) => ref.key.includes(` ${name}`))?.spent ?? {};
      for (const [unit, place] of Object.entries(spent)) {
        if (place.startsWith('body:')) {
          put(answer, place.slice('body:'.length).split('.'), this.#cost(ref, unit, facts));
        }
      }
    }
    return answer;
  }
}

/** What placeholders stand for: the first window of each unit, and of requests without a unit. */
function valuesOf(draws: readonly Draw[], waitMs: number): Values {
  const now = performance.now();
  const values: Record<string, number> = {};
  for (const { state } of draws) {
    for (const meter of state.meters) {
      const used = meter.used(now);
      const told: Record<string, number> = {
        limit: meter.limit,
        used: Math.ceil(used),
        remaining: Math.max(0, Math.floor(meter.limit - used)),
        reset: Math.ceil((Date.now() + meter.reset(now)) / 1000),
        resetAfter: Math.ceil(meter.reset(now)) / 1000,
      };
      for (const [name, value] of Object.entries(told)) {
        values[`${name}:${meter.unit}`] ??= value;
        if (meter.unit === 'requests') values[name] ??= value;
      }
    }
  }
  return waitMs === 0
    ? values
    : {
        ...values,
        wait: Math.ceil(waitMs / 1000),
        waitMs: Math.ceil(waitMs),
        waitS: Math.ceil(waitMs) / 1000,
      };
}
