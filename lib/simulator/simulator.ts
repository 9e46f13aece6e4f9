import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Api } from './api.ts';
import { matcher } from './match.ts';
import { gatedQuotas, Quotas, type Refusal } from './quotas.ts';
import { seeded } from './random.ts';
import { send } from './replies.ts';
import { readSimulatorOptions, type SimulatorSettings } from './settings.ts';
import { TokenEndpoint } from './token-endpoint.ts';
import type { GatedQuota, LogEntry, Match, Reply, Simulator, SimulatorOptions } from './types.ts';

/** Maximum number of log entries; older ones are dropped. */
const MAX_LOGGED = 100_000;
/** Maximum size of a request body: in bytes that are read, and in characters that are logged. */
const MAX_BODY_READ = 1024 * 1024;
const MAX_BODY_LOGGED = 64 * 1024;

/** Starts a Defender-like server on a free loopback port. Throws `OptionsError`. */
export async function simulate(options: SimulatorOptions = {}): Promise<Simulator> {
  const server = new Server(options);
  await server.listen();
  return server;
}

class Server implements Simulator {
  readonly log: LogEntry[] = [];
  readonly #settings: SimulatorSettings;
  readonly #startedAt = performance.now();
  readonly #random: () => number;
  readonly #http: http.Server;
  #quotas!: Quotas;
  #tokens!: TokenEndpoint;
  #api!: Api;
  #scripts: { fits: (method: string, path: string) => boolean; replies: Reply[] }[] = [];
  #working = 0;

  constructor(options: SimulatorOptions) {
    this.#settings = readSimulatorOptions(options);
    this.#random = seeded(this.#settings.seed);
    this.reset();
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

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get timeScale(): number {
    return this.#settings.timeScale;
  }

  quotas(): GatedQuota[] {
    return gatedQuotas(this.#settings.quotas ?? [], this.timeScale);
  }

  script(match: Match, ...replies: Reply[]): void {
    this.#scripts.push({ fits: matcher(match), replies });
  }

  seen(match: Match = {}): LogEntry[] {
    const fits = matcher(match);
    return this.log.filter(({ method, path }) => fits(method, path));
  }

  worst(match: Match, per: number): number {
    const accepted = this.seen(match).filter(({ status }) => status !== 429);
    let most = 0;
    for (let first = 0, last = 0; last < accepted.length; last += 1) {
      while ((accepted[last] as LogEntry).at - (accepted[first] as LogEntry).at >= per) first += 1;
      most = Math.max(most, last - first + 1);
    }
    return most;
  }

  expireTokens(): void {
    this.#tokens.expire();
  }

  reset(): void {
    const { quotas = [], clientId, clientSecret, machines = 25, alerts = 2, pageSize = 10 } = this.#settings;
    this.log.length = 0;
    this.#scripts = [];
    this.#quotas = new Quotas(quotas, this.#random);
    this.#tokens = new TokenEndpoint({
      clientId,
      clientSecret,
      lifeMs: this.#settings.tokenLifeMs,
      timeScale: this.#settings.timeScale,
    });
    this.#api = new Api({ machines, alerts, pageSize });
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

  /** Simulated ms since the start. */
  #now(): number {
    return (performance.now() - this.#startedAt) * this.#settings.timeScale;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = performance.now();
    const now = this.#now();
    const url = new URL(request.url ?? '/', this.url);
    const { authorization, ...headers } = request.headers;
    const entry: LogEntry = {
      at,
      method: request.method ?? 'GET',
      path: url.pathname,
      url: url.pathname + url.search,
      headers,
      token: this.#tokens.judge(authorization, now),
      body: '',
      status: 0,
    };
    this.log.push(entry);
    if (this.log.length > MAX_LOGGED) this.log.shift();

    // Decided on arrival, because quotas count requests then; only the API itself needs the body.
    const decided = this.#intercept(entry, now);
    this.#working += 1;
    response.once('close', () => {
      this.#working -= 1;
    });
    const body = await read(request);
    Object.assign(entry, { body: body.slice(0, MAX_BODY_LOGGED) });
    const reply = decided ?? this.#answer(entry, url, body, now);
    const delay = reply.delayMs ?? this.#latency();
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay).unref());
    if (!response.destroyed) send(response, reply, entry);
  }

  /** A reply in place of the API's: from a script, overload, a random fault, a used-up quota or a bad token. */
  #intercept(entry: LogEntry, now: number): Reply | undefined {
    const { method, path } = entry;
    const scripted = this.#scripts.find(({ fits, replies }) => replies.length > 0 && fits(method, path));
    if (scripted) return scripted.replies.shift();
    if (!/^\/api\//i.test(path)) return undefined;
    if (this.#working >= (this.#settings.capacity ?? Infinity)) {
      return { status: 503, body: '<html><body>Service Unavailable</body></html>' };
    }
    const fault = this.#settings.faults?.find(
      ({ match, rate }) => matcher(match)(method, path) && this.#random() < rate,
    );
    if (fault) return fault.reply;
    const refusal = this.#quotas.admit(method, path, now);
    if (refusal) return this.#refuse(refusal);
    const { auth } = this.#settings;
    if (auth === false || entry.token === 'good') return undefined;
    if (auth === undefined && entry.token === 'none') return undefined;
    return { code: 'Unauthorized', message: 'The token is missing, invalid or expired.' };
  }

  #answer(entry: LogEntry, url: URL, body: string, now: number): Reply {
    if (entry.method === 'POST' && /^\/[^/]+\/oauth2\/v2\.0\/token$/.test(url.pathname)) {
      return this.#tokens.issue(new URLSearchParams(body), now);
    }
    return this.#api.answer({ method: entry.method, url, body, now, origin: this.url });
  }

  /** A 429 in its captured shapes (microsoft-365-docs#4616; minemeld-wd-atp). */
  #refuse({ limit, perMs, waitMs }: Refusal): Reply {
    const how = this.#settings.retryAfter;
    const realMs = Math.ceil(waitMs / this.#settings.timeScale);
    const seconds = Math.ceil(realMs / 1000);
    const window = new Date(perMs).toISOString().slice(11, 19);
    const again = how === 'silent' ? '' : ` You can send requests again in ${seconds} seconds.`;
    const allowed =
      how === 'silent'
        ? ''
        : ` Maximum allowed ${limit} per ${window} for the key Destination+TenantID+AppID.`;
    return {
      status: 429,
      code: how === 'message' ? '429' : 'TooManyRequests',
      message: `API calls quota exceeded!${allowed}${again}`,
      headers: {
        ...((how === 'header' || how === 'precise') && { 'retry-after': String(seconds) }),
        ...(how === 'precise' && { 'retry-after-ms': String(realMs) }),
      },
    };
  }

  #latency(): number {
    const { latency = 0 } = this.#settings;
    if (typeof latency === 'number') return latency;
    const [from, to] = latency;
    return from + this.#random() * (to - from);
  }
}

/** Reads a request's body up to its maximum. */
async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= MAX_BODY_READ) chunks.push(chunk);
    }
  } catch {
    // The client aborted the request.
  }
  return Buffer.concat(chunks).toString();
}
