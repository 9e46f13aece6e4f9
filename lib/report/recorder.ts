import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import type { AnyEvent, EventName } from '../events/types.ts';
import { DURATION_RULE, parseDuration } from '../time/duration.ts';
import { OptionsError } from '../words/errors.ts';
import type { QuotaSnapshot } from '../words/snapshot.ts';
import type { Duration } from '../words/types.ts';
import { DEFAULT_MAX_CALLS, type GateRecord, type RecordLine, RecordSum } from './record.ts';

/** The part of a gate that a recorder needs. */
export interface Recordable {
  /** Adds a listener to one kind of event. */
  on(name: EventName, listener: (event: AnyEvent) => unknown): unknown;
  /** Removes a listener. */
  off(name: EventName, listener: (event: AnyEvent) => unknown): unknown;
  /** State of the quotas used so far. */
  quotas(): QuotaSnapshot[];
}

/** Options of {@link record}. */
export interface RecordOptions {
  /** File to which every line is appended as JSON. Default: none; the record is kept only in memory. */
  readonly file?: string | undefined;
  /** Maximum number of calls kept in memory; older ones are dropped. The file keeps all. Default 100,000. */
  readonly maxCalls?: number | undefined;
  /** Minimum time between two samples of the quotas. Default 1 s. */
  readonly sampleEvery?: Duration | undefined;
}

/** A recording in progress. */
export interface Recording {
  /** The record so far. */
  readonly record: GateRecord;
  /**
   * Stops recording and returns the record once every line is in the file. Rejects with the file system's error if the
   * file could not be written.
   */
  stop(): Promise<GateRecord>;
}

/** Events in a record. `queued` and `retry` are left out, because the calls' attempts imply them. */
const RECORDED: readonly EventName[] = [
  'call',
  'attempt',
  'success',
  'failure',
  'pause',
  'resume',
  'learned',
  'near',
  'ledger',
  'warning',
  'close',
];
/** Maximum number of quotas in a sample; the busiest are kept. */
const MAX_SAMPLED = 50;
/** Maximum amount of unwritten data, in bytes: a disk that is slower than the traffic must not fill the memory. */
const MAX_UNWRITTEN = 64 * 2 ** 20;

/**
 * Records what a gate does from now on: calls with their attempts, pauses, learned limits, warnings, and the use of its
 * quotas. It sets no timer: the quotas are sampled when events arrive.
 *
 * Throws `OptionsError`.
 *
 * @example
 * const recording = record(gate, { file: 'gate.jsonl' });
 * await sweep();
 * await writeFile('gate.html', report(await recording.stop()));
 */
export function record(gate: Recordable, options: RecordOptions = {}): Recording {
  const { maxCalls = DEFAULT_MAX_CALLS, sampleEvery = '1s', file } = options;
  const everyMs = parseDuration(sampleEvery);
  if (everyMs === undefined) throw new OptionsError('sampleEvery', sampleEvery, DURATION_RULE);
  if (!Number.isInteger(maxCalls) || maxCalls < 1)
    throw new OptionsError('maxCalls', maxCalls, 'a whole number of 1 or more');
  if (file !== undefined && (typeof file !== 'string' || file === ''))
    throw new OptionsError('file', file, "the path of a file, such as 'gate.jsonl'");

  const sum = new RecordSum(maxCalls);
  const lines = file === undefined ? undefined : new LineFile(file);
  const add = (line: RecordLine): void => {
    sum.add(line);
    lines?.write(line);
  };
  let sampledAt = -Infinity;
  const listener = (event: AnyEvent): void => {
    if (event.type !== 'attempt') add(event);
    if (event.at - sampledAt < everyMs) return;
    sampledAt = event.at;
    add({ type: 'quotas', at: event.at, quotas: busiest(gate.quotas()) });
  };
  for (const name of RECORDED) gate.on(name, listener);
  return {
    get record() {
      return sum.record;
    },
    async stop() {
      for (const name of RECORDED) gate.off(name, listener);
      await lines?.end();
      return sum.record;
    },
  };
}

/**
 * Reads a record from the lines that {@link record} wrote to a file. A truncated last line is ignored, because the process
 * may have ended while writing it. Rejects with the file system's error, or with a `SyntaxError` that names the line.
 */
export async function readRecord(
  file: string,
  { maxCalls }: { readonly maxCalls?: number } = {},
): Promise<GateRecord> {
  const sum = new RecordSum(maxCalls);
  let broken: SyntaxError | undefined;
  let number = 0;
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    if (broken) throw broken;
    number += 1;
    if (text.trim() === '') continue;
    const line = parsed(text);
    if (line) sum.add(line);
    else broken = new SyntaxError(`Line ${number} of ${file} is not a line of a record`);
  }
  if (broken && number === 1) throw broken;
  return sum.record;
}

function parsed(text: string): RecordLine | undefined {
  try {
    const line = JSON.parse(text);
    return typeof line?.type === 'string' && Number.isFinite(line.at) ? line : undefined;
  } catch {
    return undefined;
  }
}

function busiest(quotas: QuotaSnapshot[]): QuotaSnapshot[] {
  if (quotas.length <= MAX_SAMPLED) return quotas;
  const load = ({ queued, inFlight }: QuotaSnapshot): number => queued + inFlight;
  return quotas.sort((a, b) => load(b) - load(a)).slice(0, MAX_SAMPLED);
}

/** Appends lines to a file, and holds the first error back until the end, because a gate's listeners must not throw. */
class LineFile {
  readonly #stream: WriteStream;
  #error: Error | undefined;

  constructor(file: string) {
    this.#stream = createWriteStream(file, { flags: 'a' });
    this.#stream.on('error', (error) => {
      this.#error ??= error;
    });
  }

  write(line: RecordLine): void {
    if (this.#error) return;
    if (this.#stream.writableLength > MAX_UNWRITTEN)
      this.#error = new Error(
        `The disk is slower than the gate: ${MAX_UNWRITTEN / 2 ** 20} MiB are still unwritten`,
      );
    else this.#stream.write(`${JSON.stringify(line)}\n`);
  }

  async end(): Promise<void> {
    if (!this.#error) {
      this.#stream.end();
      await finished(this.#stream).catch((error) => {
        this.#error ??= error;
      });
    }
    if (this.#error) throw this.#error;
  }
}
