/** What must hold of every call, whatever happens to it, and what was found not to. */
import { getEventListeners } from 'node:events';
import type { AnyEvent, Headgate } from 'headgate';
import { EVENT_NAMES } from '../../lib/events/emitter.ts';
import { sleep } from '../support/server.ts';

/** Maximum time within which a call ends, and what it held is free, in ms: far beyond its deadline, on a busy machine. */
const PATIENCE_MS = 15_000;

/** Follows the calls of one gate. */
export class Watch {
  readonly #gate: Headgate;
  readonly #calls = new Map<string, string[]>();

  constructor(gate: Headgate) {
    this.#gate = gate;
    for (const name of EVENT_NAMES) gate.on(name, (event) => this.#note(event as AnyEvent));
  }

  /** What is breached, once these promises should have settled. */
  async breaches(sent: readonly Promise<unknown>[], signals: readonly AbortSignal[] = []): Promise<string[]> {
    const found: string[] = [];
    const settled = await within(Promise.allSettled(sent));
    if (!settled) found.push('a call did not end');
    if (!(await soon(() => this.#held() === 0))) found.push(`${this.#held()} permits or places are not back`);
    if (!(await soon(() => [...this.#calls.values()].every((told) => told.some(isEnd)))))
      found.push('a call was not told to end');
    for (const told of this.#calls.values()) {
      const ends = told.filter(isEnd).length;
      if (ends > 1) found.push(`a call ended ${ends} times: ${told}`);
      else if (ends === 1 && !isEnd(told.at(-1) as string)) found.push(`told after the end: ${told}`);
    }
    const listening = (): number =>
      signals.reduce((sum, signal) => sum + getEventListeners(signal, 'abort').length, 0);
    if (!(await soon(() => listening() === 0, 1000)))
      found.push(`${listening()} listeners are left on a signal`);
    return found;
  }

  #held(): number {
    return this.#gate.quotas().reduce((sum, { inFlight, queued }) => sum + inFlight + queued, 0);
  }

  #note(event: AnyEvent): void {
    const { call, type } = event as { call?: string; type: string };
    // A pause is told when the quota's next opening is near, be its call over or not.
    if (call === undefined || type === 'pause') return;
    this.#calls.set(call, [...(this.#calls.get(call) ?? []), type]);
  }
}

function isEnd(name: string): boolean {
  return name === 'success' || name === 'failure';
}

async function soon(isSo: () => boolean, patience: number = PATIENCE_MS): Promise<boolean> {
  const end = performance.now() + patience;
  while (!isSo()) {
    if (performance.now() > end) return false;
    await sleep(3);
  }
  return true;
}

/** Whether a promise settles in time. */
async function within(promise: Promise<unknown>, ms: number = PATIENCE_MS): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const settled = promise.then(
    () => true,
    () => true,
  );
  const inTime = await Promise.race([settled, late]);
  clearTimeout(timer);
  return inTime;
}

/** Rejections and exceptions that nobody handled since the process began. */
export const unhandled: string[] = [];
process.on('unhandledRejection', (reason) => unhandled.push(`rejection: ${textOf(reason)}`));
process.on('uncaughtException', (error) => unhandled.push(`exception: ${textOf(error)}`));

function textOf(error: unknown): string {
  return error instanceof Error
    ? (error.stack ?? error.message).split('\n').slice(0, 4).join(' | ')
    : String(error);
}

/** Sockets, servers and timers that keep the process alive. */
export function handles(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => /TCP|TLS|Pipe(?!Wrap)|Timeout|Immediate/.test(name));
}
