import { randomUUID } from 'node:crypto';
import type { Clock } from '../time/clock.ts';
import type { Connection } from './connection.ts';

/** Delay between registrations of a process in the fleet, in ms. */
const ENROL_MS = 5000;
/** Time for which a process counts after its last registration, in ms. */
const MEMBER_MS = 30_000;
/** Delay before a probe is repeated after a connection error, in ms. */
const RETRY_MS = 50;
/** Maximum number of tries per probe. */
const MAX_TRIES = 20;

/** The processes that share a Redis and a prefix: their number and the messages between them. */
export class Fleet {
  /** Number of processes last seen. */
  processes = 1;
  readonly #connection: Connection;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #self = randomUUID();
  #enrolAt = 0;
  /** Messages that told how many processes there are. */
  #counts = 0;

  /** @param paused called when another process closes a quota */
  constructor(
    connection: Connection,
    prefix: string,
    clock: Clock,
    paused: (quota: string, ms: number) => void,
  ) {
    this.#connection = connection;
    this.#prefix = prefix;
    this.#clock = clock;
    connection.onMessage(this.#key('pauses'), (message) => this.#heard(message, paused));
  }

  /**
   * The epoch of Redis's data, which differs from `known` after a data loss; or the error that prevented reading it.
   * Pending while Redis does not answer.
   *
   * @param doubtful whether to test everything the ledger needs, not just whether Redis answers
   */
  async probe(known: string | undefined, doubtful: boolean): Promise<string | Error> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#connection.whenReady();
        return await this.#ask(known, doubtful);
      } catch (error) {
        // Any other error comes from the connection, which may be about to be replaced.
        if ((error as Error).name === 'ReplyError' || tries === MAX_TRIES) return asError(error);
        await new Promise<void>((resolve) => void this.#clock.setTimer(resolve, RETRY_MS, false));
      }
    }
  }

  /** Removes this process from the fleet. The command is written before this returns. */
  leave(): Promise<unknown> {
    return this.#enrol(0);
  }

  pause(quota: string, ms: number): void {
    const { client } = this.#connection;
    const message = JSON.stringify({ from: this.#self, quota, ms });
    client.publish(this.#key('pauses'), message).catch(() => undefined);
    client.set(this.#key('pause', quota), '1', 'PX', Math.ceil(ms)).catch(() => undefined);
  }

  /** Time for which a quota stays closed, in ms; 0 or less if it is open. */
  pausedFor(quota: string): Promise<number> {
    return this.#connection.client.pttl(this.#key('pause', quota));
  }

  async #ask(known: string | undefined, doubtful: boolean): Promise<string> {
    if (!doubtful && this.#clock.now() < this.#enrolAt) {
      const epoch = await this.#connection.client.hget(this.#key('fleet'), 'epoch');
      if (epoch !== null && epoch === known) return epoch;
    }
    const { misled } = this.#connection;
    if (misled) throw misled;
    await this.#connection.listen(this.#key('pauses'), doubtful);
    // The first on a connection is an EVAL, all others EVALSHA.
    if (doubtful || known === undefined) await this.#enrol(MEMBER_MS);
    const heard = this.#counts;
    const [epoch, processes] = await this.#enrol(MEMBER_MS);
    // The answer and the messages come by two connections: a count that was heard meanwhile is at least as new.
    if (heard === this.#counts) this.processes = Math.max(1, processes);
    this.#enrolAt = this.#clock.now() + ENROL_MS;
    return epoch;
  }

  #enrol(ms: number): Promise<[epoch: string, processes: number]> {
    const channels = [this.#key('pauses'), `b_{${this.#prefix}:}`];
    return this.#connection.client.headgateEnrol(
      this.#key('fleet'),
      ...[this.#self, ms, randomUUID(), ...channels],
    );
  }

  #heard(message: string, paused: (quota: string, ms: number) => void): void {
    let said: { from?: unknown; quota?: unknown; ms?: unknown; processes?: unknown } | null;
    try {
      said = JSON.parse(message) as typeof said;
    } catch {
      return;
    }
    const { from, quota, ms, processes } = said ?? {};
    if (typeof processes === 'number') {
      this.#counts += 1;
      this.processes = Math.max(1, processes);
    }
    if (from === this.#self || typeof quota !== 'string' || typeof ms !== 'number' || !(ms > 0)) return;
    paused(quota, ms);
  }

  #key(...parts: string[]): string {
    return [this.#prefix, ...parts].join(':');
  }
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
