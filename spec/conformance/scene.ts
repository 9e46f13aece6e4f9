import { once } from 'node:events';
import { type AnyEvent, type Headgate, type HeadgateOptions, headgate } from 'headgate';
import type { CallReport } from '../../lib/words/report.ts';
import { type Failure, failureOf, names, record, sleep, TestServer } from '../support/server.ts';
import type { Answer, Ask, Client, Driver } from './driver.ts';

/** Longest that a law waits for something, in ms: much longer than any should have to. */
const PATIENCE_MS = 10_000;

/** A gate, its client, and what was told of them. */
export interface Stage {
  readonly gate: Headgate;
  readonly client: Client;
  readonly events: readonly AnyEvent[];
  /** The names of the events so far. */
  told(): string[];
}

/** What one law is tried on: a server, and gates before it. Gone when the law was tried. */
export class Scene implements AsyncDisposable {
  readonly server: TestServer;
  readonly #driver: Driver;
  readonly #gates: Headgate[] = [];
  readonly #servers: TestServer[];

  private constructor(driver: Driver, server: TestServer) {
    this.#driver = driver;
    this.server = server;
    this.#servers = [server];
  }

  static async open(driver: Driver): Promise<Scene> {
    return new Scene(driver, await TestServer.start(driver.http2));
  }

  get url(): string {
    return `${this.server.url}/`;
  }

  /** Its client may meet any host at all. */
  get anyHost(): boolean {
    return this.#driver.anyHost ?? false;
  }

  /** A gate of short backoff, and a client behind it. */
  stage(options: HeadgateOptions = {}): Stage {
    const gate = headgate({ ...options, retry: { backoff: { base: 5, max: 10 }, ...options.retry } });
    this.#gates.push(gate);
    const events = record(gate);
    return { gate, client: this.#driver.client(gate), events, told: () => names(events) };
  }

  async another(): Promise<TestServer> {
    const server = await TestServer.start(this.#driver.http2);
    this.#servers.push(server);
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()));
    await Promise.all(this.#gates.map((gate) => gate.close()));
  }
}

/** Waits until it is so. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`Not within ${PATIENCE_MS} ms: ${what}`);
    await sleep(2);
  }
}

/** The promise, if it comes in time. */
export async function soon<T>(promise: Promise<T>, ms: number = PATIENCE_MS): Promise<T> {
  const late = new AbortController();
  const waited = once(AbortSignal.any([late.signal, AbortSignal.timeout(ms)]), 'abort');
  try {
    return await Promise.race([
      promise,
      waited.then((): never => {
        throw new Error(`No end within ${ms} ms`);
      }),
    ]);
  } finally {
    promise.catch(() => undefined);
    late.abort();
  }
}

/** What a call was rejected with. */
export function rejection(promise: Promise<unknown>): Promise<Failure> {
  return soon(failureOf(promise));
}

/** What a client gives, without waiting for ever. */
export function send({ client }: Stage, ask: Ask): Promise<Answer> {
  return soon(client.send(ask));
}

/** How the last call ended, as its gate told. */
export function last({ events }: Stage): CallReport & { readonly type: string; readonly status?: number } {
  const ended = events.filter(({ type }) => type === 'success' || type === 'failure');
  return ended.at(-1) as never;
}

/** Statuses of an ended call's attempts. */
export function statuses(report: Pick<CallReport, 'attempts'>): (number | undefined)[] {
  return report.attempts.map(({ status }) => status);
}
