import type { Writable } from 'node:stream';
import Bottleneck from 'bottleneck';
import type { Cluster, Redis } from 'ioredis';
import type { Clock } from '../time/clock.ts';
import { type Client, makeClients, type Source, subscribable } from './clients.ts';
import type { Shared } from './internals.ts';
import { AGREE, ENROL, mended, SETTLE } from './scripts.ts';
import { within } from './watch.ts';

/** Maximum wait for Redis to say whether it is loading, in ms. */
const LOADING_MS = 200;

/** The ledger's own scripts, as commands. */
interface Scripts {
  headgateSettle(keys: number, ...rest: readonly (string | number)[]): Promise<number[]>;
  headgateEnrol(...rest: readonly (string | number)[]): Promise<[epoch: string, processes: number]>;
  headgateAgree(...rest: readonly (string | number)[]): Promise<string>;
}

/** The connections shared by all limiters of a ledger: one for commands and one for messages. */
export class Connection {
  readonly client: Redis & Scripts;
  readonly bottleneck: Bottleneck.IORedisConnection;
  /** Number of commands that Redis has answered. */
  answers = 0;
  readonly #subscriber: Client;
  readonly #all: readonly Client[];
  readonly #failures = new Map<Client, Error>();
  /** Channels that no limiter needs. */
  readonly #left = new Set<string>();
  #readying: Promise<void> | undefined;
  #misled: Error | undefined;
  #over = false;

  /** Connects at once. Throws `OptionsError` if ioredis is missing. */
  constructor(source: Source) {
    const { client, subscriber } = makeClients(source);
    this.client = client as Redis & Scripts;
    this.#subscriber = subscriber;
    this.#all = client === subscriber ? [client] : [client, subscriber];
    this.#define();
    // Bottleneck duplicates its client to get its subscriber.
    (client as { duplicate: unknown }).duplicate = () => subscriber;
    this.bottleneck = new Bottleneck.IORedisConnection({ client, Redis: client.constructor } as never);
    this.bottleneck.on('error', () => undefined);
    this.#share();
    for (const each of this.#all) this.#attend(each);
    for (const each of this.#all) each.connect().catch(() => undefined);
  }

  get isReady(): boolean {
    return this.client.status === 'ready';
  }

  /** The last error that prevented a connection. */
  get failure(): Error | undefined {
    for (const each of this.#all) {
      const failure = this.#failures.get(each);
      if (failure && each.status !== 'ready') return failure;
    }
    return undefined;
  }

  whenReady(): Promise<void> {
    if (this.isReady) return Promise.resolve();
    this.#readying ??= new Promise((resolve) => {
      this.client.once('ready', () => {
        this.#readying = undefined;
        resolve();
      });
    });
    return this.#readying;
  }

  /** Calls `changed` whenever a connection closes. */
  onClose(changed: () => void): void {
    for (const each of this.#all) each.on('close', changed);
  }

  onMessage(channel: string, listener: (message: string) => void): void {
    this.#subscriber.on('message', (from: string, message: string) => {
      if (from === channel) listener(message);
    });
  }

  /** Reason why the connection must not be used although it is ready. */
  get misled(): Error | undefined {
    return this.#misled;
  }

  /** Subscribes to a channel, and with `all` to every limiter's channel, again if necessary. */
  async listen(channel: string, all: boolean): Promise<void> {
    const { limiters } = this.bottleneck as unknown as Shared;
    await this.#subscribe(channel, ...(all ? Object.keys(limiters) : []));
  }

  /** A `LOADING` error if Redis is connected but still loading its data, for which ioredis waits silently. */
  async loading(clock: Clock): Promise<Error | undefined> {
    if (this.client.status !== 'connect') return undefined;
    const info = await within(clock, LOADING_MS, this.client.info('persistence'));
    return info && /^loading:1/m.test(info) ? new Error('LOADING') : undefined;
  }

  /** Reconnects, perhaps to another server behind the same address. */
  renew(): void {
    for (const each of this.#all)
      if (each.status === 'ready' || each.status === 'connect') each.disconnect(true);
  }

  /** Unsubscribes from the channels of removed limiters, in one command. */
  forget(): void {
    if (this.#left.size === 0) return;
    const channels = [...this.#left];
    this.#left.clear();
    this.#subscriber.unsubscribe(...channels).catch(() => undefined);
  }

  /**
   * Sends the last commands of a process at once. Replies are turned off: unread replies would reset the connection
   * before Redis has read every command.
   */
  lastWords(say: () => void): void {
    const { client } = this;
    const nodes = 'nodes' in client ? (client as unknown as Cluster).nodes('master') : [client as Redis];
    const open = nodes.filter(({ status }) => status === 'ready');
    const streams = open.map((node) => (node as unknown as { stream: Writable }).stream);
    for (const stream of streams) stream.cork();
    for (const node of open) node.call('CLIENT', 'REPLY', 'OFF').catch(() => undefined);
    say();
    for (const stream of streams) stream.uncork();
  }

  async disconnect(): Promise<void> {
    this.#over = true;
    await this.bottleneck.disconnect(false);
    for (const each of this.#all) each.disconnect();
  }

  #define(): void {
    const { client } = this;
    const define = client.defineCommand.bind(client);
    define('headgateSettle', { lua: SETTLE });
    define('headgateEnrol', { lua: ENROL, numberOfKeys: 1 });
    define('headgateAgree', { lua: AGREE, numberOfKeys: 1 });
    client.defineCommand = (name, definition) =>
      define(name, { ...definition, lua: mended(name, definition.lua) });
  }

  /** Replaces Bottleneck's subscriptions, which add an unused second channel per limiter and hide errors. */
  #share(): void {
    const shared = this.bottleneck as unknown as Shared;
    shared.__addLimiter__ = (limiter) => {
      const channel = limiter.channel();
      shared.limiters[channel] = limiter;
      this.#left.delete(channel);
      return this.#subscribe(channel);
    };
    shared.__removeLimiter__ = (limiter) => {
      const channel = limiter.channel();
      if (shared.limiters[channel] !== limiter) return;
      delete shared.limiters[channel];
      this.#left.add(channel);
    };
  }

  async #subscribe(...channels: string[]): Promise<void> {
    await subscribable(this.#subscriber);
    await this.#subscriber.subscribe(...channels);
  }

  #attend(client: Client): void {
    this.#silence(client);
    client.setMaxListeners(0);
    client.on('error', (error: Error & { command?: { name?: string } }) => {
      this.#failures.set(client, error);
      // ioredis continues with another database.
      if (error.command?.name === 'select') this.#misled = error;
      // The ready check of ioredis needs INFO, which the ledger can do without.
      if (/unknown command.{0,2}info/i.test(error.message)) client.options.enableReadyCheck = false;
    });
    client.on('connect', () => {
      this.#misled = undefined;
    });
    client.on('node error', (error: Error) => this.#failures.set(client, error));
    client.on('ready', () => this.#failures.delete(client));
    // Reconnecting does not keep the process alive. A cluster's nodes have their own timers too.
    const inner = client as unknown as { reconnectTimeout?: NodeJS.Timeout };
    client.on('reconnecting', () => inner.reconnectTimeout?.unref?.());
  }

  /**
   * Handles the rejection of every command: Bottleneck handles only some, and an unhandled one would end the process.
   * Commands cut off by `disconnect()` never settle.
   */
  #silence(client: Client): void {
    const send = client.sendCommand.bind(client) as (...command: unknown[]) => unknown;
    client.sendCommand = (...command: unknown[]) => {
      const answer = new Promise((resolve, reject) => {
        Promise.resolve(send(...command)).then(
          (reply) => {
            this.answers += 1;
            resolve(reply);
          },
          (error: unknown) => {
            if ((error as Error).name === 'ReplyError') this.answers += 1;
            if (!this.#over) reject(error);
          },
        );
      });
      // When ioredis resends a command, it handles only the first promise.
      answer.catch(() => undefined);
      return answer;
    };
  }
}

/** Connects to the Redis that `source` names. Throws `OptionsError` if ioredis is missing. */
export function connect(source: Source): Connection {
  return new Connection(source);
}
