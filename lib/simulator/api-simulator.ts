import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DefinedProfile, SimulationDefinition } from '../profiles/define/index.ts';
import { OptionsError } from '../words/errors.ts';
import type { RequestFacts } from '../words/types.ts';
import { ApiModel } from './api-model.ts';
import type { MeterKind } from './meters.ts';

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

/** A server on loopback that enforces the quotas of a profile and answers in the API's style. */
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

/**
 * Starts a server that enforces all the quotas of a profile that a request draws on, and refuses in the API's style, as
 * the profile's `simulation` says. For quotas without documented limits, make a profile that has limits:
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
  readonly #model: ApiModel;
  readonly #latencyMs: number;
  readonly #http: http.Server;

  constructor({ quotas, definition }: DefinedProfile, options: ApiSimulatorOptions) {
    const simulation = definition.simulation as SimulationDefinition;
    const epoch = performance.timeOrigin;
    this.#model = new ApiModel({ ...options, quotas, simulation, definitions: definition.quotas, epoch });
    this.#latencyMs = options.latencyMs ?? 0;
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
    const arrival = this.#model.receive(facts, at);
    response.once('close', arrival.leave);
    this.log.push({ at, method, url, refused: arrival.waitMs > 0 });
    if (this.#latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#latencyMs).unref());
    if (response.destroyed) return;
    const { status, headers, body } = arrival.answer(performance.now(), Date.now());
    response.writeHead(status, headers).end(body);
  }
}
