import { randomUUID } from 'node:crypto';
import type { Clock } from '../time/clock.ts';
import type { Said } from './conference.ts';
import type { Connection } from './connection.ts';

/** Delay between registrations of a process in the fleet, in ms. */
const ENROL_MS = 5000;
/** Time for which a process counts after its last registration, in ms. */
const MEMBER_MS = 30_000;
/** Delay before a probe is repeated after a connection error, in ms. */
const RETRY_MS = 50;
/** Time for which an agreement is kept after its last change, in ms: a week. */
const AGREED_MS = 7 * 24 * 3_600_000;
/** Maximum length of a report of served attempts, and maximum number that it tells: bounds the harm of a false message. */
const MAX_TOLD = 4096;
const MAX_SERVED = 100_000;
/** Maximum number of tries per probe. */
const MAX_TRIES = 20;

/** The closing of a quota. */
export interface Paused {
  /** Time for which it is closed, in ms; absent if it is not. */
  readonly ms?: number;
  /** Whether the server named no wait. */
  readonly silent?: boolean;
}

/** The processes that share a Redis and a prefix: their number and the messages between them. */
export class Fleet {
  /** Number of processes last seen. */
  processes = 1;
  readonly #connection: Connection;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #self = randomUUID();
  #enrolAt = 0;
  /** Number of messages received that gave the number of processes. */
  #counts = 0;

  /** @param heard called with another process's message about a quota, including for how many ms it closed it */
  constructor(
    connection: Connection,
    prefix: string,
    clock: Clock,
    heard: (quota: string, from: string, said: Said & Paused) => void,
  ) {
    this.#connection = connection;
    this.#prefix = prefix;
    this.#clock = clock;
    connection.onMessage(this.#key('pauses'), (message) => this.#heard(message, heard));
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

  pause(quota: string, ms: number, tryMs?: number): void {
    this.say(quota, { ms, tryMs });
    this.#connection.client.set(this.#key('pause', quota), '1', 'PX', Math.ceil(ms)).catch(() => undefined);
  }

  /** Sends a message about a quota to the other processes. */
  say(quota: string, said: Said & { ms?: number; tryMs?: number | undefined }): void {
    const message = JSON.stringify({ from: this.#self, quota, ...said });
    this.#connection.client.publish(this.#key('pauses'), message).catch(() => undefined);
  }

  /** Reads the agreement about a quota; `''` if there is none. */
  async agreed(quota: string): Promise<string> {
    return (await this.#connection.client.get(this.#key('agreed', quota))) ?? '';
  }

  /** Replaces the agreement about a quota if it is still `before`, and tells the others. Resolves with the resulting agreement. */
  agree(quota: string, before: string, after: string): Promise<string> {
    const message = JSON.stringify({ from: this.#self, quota, agreed: after });
    return this.#connection.client.headgateAgree(
      this.#key('agreed', quota),
      ...[before, after, AGREED_MS, this.#key('pauses'), message],
    );
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
    // On a new connection, run the script twice: the first run is an EVAL, the later ones EVALSHA.
    if (doubtful || known === undefined) await this.#enrol(MEMBER_MS);
    const heard = this.#counts;
    const [epoch, processes] = await this.#enrol(MEMBER_MS);
    // Replies and messages use separate connections: a count received meanwhile by message is at least as recent.
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

  #heard(message: string, heard: (quota: string, from: string, said: Said & Paused) => void): void {
    let said: Record<string, unknown> | null;
    try {
      said = JSON.parse(message) as typeof said;
    } catch {
      return;
    }
    const { from, quota, ms, tryMs, processes, served, inService, asks, crowded, outage, agreed } =
      said ?? {};
    if (typeof processes === 'number') {
      this.#counts += 1;
      this.processes = Math.max(1, processes);
    }
    if (from === this.#self || typeof quota !== 'string') return;
    const silent = typeof tryMs === 'number';
    // One process probes whether the quota is open; the others wait for its result.
    const moreMs = silent && tryMs > 0 && String(from) < this.#self ? tryMs : 0;
    heard(quota, String(from), {
      ...(typeof ms === 'number' && ms > 0 && { ms: ms + moreMs, silent }),
      ...(isTold(served) && { served }),
      ...(isNumber(inService) && { inService }),
      ...(asks === true && { asks }),
      ...(crowded === true && { crowded }),
      ...(isNumber(outage) && { outage }),
      ...(typeof agreed === 'string' && { agreed }),
    });
  }

  #key(...parts: string[]): string {
    return [this.#prefix, ...parts].join(':');
  }
}

function isNumber(value: unknown): value is number {
  return Number.isFinite(value) && (value as number) >= 0;
}

/** Whether it is a list of alternating times and numbers of attempts. */
function isTold(value: unknown): value is number[] {
  if (!Array.isArray(value) || value.length > MAX_TOLD || !value.every(isNumber)) return false;
  const served = value.reduce((sum, each, index) => (index % 2 === 0 ? sum : sum + each), 0);
  return served <= MAX_SERVED;
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
