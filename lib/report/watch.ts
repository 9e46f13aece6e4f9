/** `headgate/watch`: shows a gate's quotas in the terminal while it works. */
import type { WriteStream } from 'node:tty';
import cliProgress from 'cli-progress';
import { createLogUpdate } from 'log-update';
import type { AnyEvent, EventName } from '../events/types.ts';
import { type Clock, systemClock, type Timer } from '../time/clock.ts';
import { DURATION_RULE, parseDuration } from '../time/duration.ts';
import { OptionsError } from '../words/errors.ts';
import type { Duration } from '../words/types.ts';
import type { Recordable } from './recorder.ts';
import { batchRow, type DrawBar, etaMs, rowsOf } from './rows.ts';
import { Tally } from './tally.ts';

/** The part of a gate that a view needs. */
export interface Watchable extends Recordable {
  /** ms until this number of further calls of a quota would be sent. */
  forecast(quota: string, options: { readonly calls: number }): number;
}

/** Options of {@link watch}. */
export interface WatchOptions {
  /** Stream to draw on. Default `process.stderr`, so that a program's own output stays clean. */
  readonly stream?: NodeJS.WriteStream | undefined;
  /** Number of calls in the batch, to show its progress and the time left. Default: none. */
  readonly calls?: number | undefined;
  /** Time between two drawings. Default: 200 ms on a terminal, 10 s for plain lines. */
  readonly every?: Duration | undefined;
  /** Clock of the gate. Default: the system's. */
  readonly clock?: Clock | undefined;
}

/** A view in progress. */
export interface Watching {
  /** Prints a line of the program above the view, or between plain lines. */
  log(line: string): void;
  /** Draws the last state, and stops. */
  stop(): void;
  /** `stop()`, for `using`. */
  [Symbol.dispose](): void;
}

const HEARD: readonly EventName[] = ['call', 'attempt', 'retry', 'success', 'failure'];
/** Width of a bar, in characters. */
const BAR = 20;
const EVERY_MS = 200;
const EVERY_PLAIN_MS = 10_000;

/** cli-progress reads only these options when it draws a bar. */
const bar: DrawBar = (share) =>
  cliProgress.Format.BarFormat(Math.min(1, share), {
    barsize: BAR,
    barCompleteString: '█'.repeat(BAR),
    barIncompleteString: '░'.repeat(BAR),
    barGlue: '',
  } as cliProgress.Options);

/**
 * Shows a gate in the terminal while it works: a row for each quota (use of its limit, queue, pause, rate, retries) and,
 * with `calls`, the progress of a batch with the time that its quotas still require. If the stream is not a terminal, or
 * `NO_COLOR` is set, it prints plain lines at intervals. It does not keep the process alive.
 *
 * Throws `OptionsError`.
 *
 * @example
 * const view = watch(gate, { calls: urls.length });
 * await Promise.all(urls.map((url) => api(url)));
 * view.stop();
 */
export function watch(gate: Watchable, options: WatchOptions = {}): Watching {
  const { stream = process.stderr, calls, clock = systemClock } = options;
  const plain = !(stream as Partial<WriteStream>).isTTY || Boolean(process.env.NO_COLOR);
  const every = options.every ?? (plain ? EVERY_PLAIN_MS : EVERY_MS);
  const everyMs = parseDuration(every);
  if (everyMs === undefined || everyMs === 0)
    throw new OptionsError('every', every, `${DURATION_RULE}, more than 0`);
  if (calls !== undefined && (!Number.isInteger(calls) || calls < 1))
    throw new OptionsError('calls', calls, 'a whole number of 1 or more');

  const tally = new Tally();
  const hear = (event: AnyEvent): void => tally.hear(event);
  for (const name of HEARD) gate.on(name, hear);
  const update = plain ? undefined : createLogUpdate(stream);

  const lines = (): string[] => {
    const now = clock.now();
    const quotas = gate.quotas();
    const columns = plain ? Infinity : stream.columns || undefined;
    const rows = rowsOf(quotas, tally, now, Math.max(1, (stream.rows ?? 24) - 3), bar, columns);
    const ended = tally.succeeded + tally.failed;
    if (calls !== undefined) {
      const leftMs = etaMs(calls - ended, quotas, (key, more) => gate.forecast(key, { calls: more }));
      rows.push(batchRow({ calls, ended }, tally.failed, leftMs, bar, columns));
    } else
      rows.push(
        `${ended} of ${tally.begun} calls ended${tally.failed > 0 ? `, ${tally.failed} failed` : ''}`,
      );
    return rows;
  };
  let printed = '';
  const draw = (): void => {
    const text = lines().join('\n');
    if (update) update(text);
    else if (text !== printed) stream.write(`${text}\n`);
    printed = text;
  };
  let timer: Timer;
  const again = (): void => {
    timer = clock.setTimer(
      () => {
        draw();
        again();
      },
      everyMs,
      false,
    );
  };
  again();
  let stopped = false;
  const stop = (): void => {
    if (stopped) return;
    stopped = true;
    timer.cancel();
    for (const name of HEARD) gate.off(name, hear);
    draw();
    update?.done();
  };
  const log = (line: string): void => {
    update?.clear();
    stream.write(`${line}\n`);
    if (!stopped) update?.(printed);
  };
  return { log, stop, [Symbol.dispose]: stop };
}
