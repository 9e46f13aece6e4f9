import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Seen } from './counter.ts';

/** One combination to try. */
export interface Cell {
  readonly sdk: 2 | 3;
  /** Whether `node:http` and undici are instrumented. */
  readonly instrumented: boolean;
  readonly mode: 'own' | 'enrich';
  /** What stands behind each path, and the headers of each request. Default: nothing. */
  readonly suffix?: string;
  readonly headers?: Record<string, string>;
}

/** A span, in the parts that the SDKs agree on. */
export interface SpanSeen {
  readonly name: string;
  readonly scope: string;
  /** 0 INTERNAL, 2 CLIENT. */
  readonly kind: number;
  readonly id: string;
  readonly trace: string;
  readonly parent?: string;
  /** 0 Unset, 1 Ok, 2 Error. */
  readonly status: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly string[];
}

/** A metric's points: count and sum of a histogram, or the value. */
export interface PointSeen {
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly value: number;
}

/** What one client's requests came to. */
export interface ClientResult {
  readonly client: string;
  readonly seen: readonly Seen[];
  readonly spans: readonly SpanSeen[];
  readonly points: readonly PointSeen[];
  readonly logs: readonly { readonly name: string; readonly trace?: string }[];
}

const run = promisify(execFile);
const file = (name: string): string => new URL(name, import.meta.url).pathname;

/** What every client did under one SDK, instrumentation and mode. */
export async function resultsOf(cell: Cell): Promise<ClientResult[]> {
  const api = cell.sdk === 2 ? ['--import', file('api19.ts')] : [];
  const { stdout } = await run(
    process.execPath,
    ['--no-warnings', '--conditions=headgate-source', ...api, file('otel-worker.ts'), JSON.stringify(cell)],
    { maxBuffer: 1e8 },
  );
  return JSON.parse(stdout) as ClientResult[];
}
