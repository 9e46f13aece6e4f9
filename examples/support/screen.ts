import type { Headgate } from 'headgate';
import { type Watching, watch } from 'headgate/watch';

/** The gate's quotas as they are used, phase by phase; each retry, pause and failure on a line of its own above them. */
export class Screen {
  readonly #gate: Headgate;
  readonly #startedAt = performance.now();
  #view: Watching | undefined;

  constructor(gate: Headgate) {
    this.#gate = gate;
    gate.on('retry', ({ attempt, method, url, status, code, delayMs, reason, correlationId }) => {
      const what = `${status ?? ''} ${code ?? ''}`.trim();
      this.#line(
        'retry',
        `${method} ${pathOf(url)}: ${what}; attempt ${attempt + 1} in ${ms(delayMs)} (${reason})`,
        correlationId,
      );
    });
    gate.on('pause', ({ at, quota, until, cause, correlationId }) => {
      this.#line('pause', `${nameOf(quota)}: closed for ${ms(until - at)} (${cause})`, correlationId);
    });
    gate.on('resume', ({ quota }) => this.#line('resume', nameOf(quota)));
    gate.on('failure', ({ method, url, status, code, reason, correlationId }) => {
      this.#line(
        'failure',
        `${method} ${pathOf(url)}: ${status ?? ''} ${code ?? ''} (${reason})`,
        correlationId,
      );
    });
    gate.on('warning', ({ code, message }) => this.#line('warning', `${code}: ${message}`));
  }

  /** Begins a phase, of `calls` calls if that is known. */
  begin(name: string, calls?: number): void {
    this.#view?.stop();
    process.stdout.write(`\n${name}\n`);
    const stream = process.stdout;
    this.#view = watch(this.#gate, { stream, calls, ...(stream.isTTY ? {} : { every: '2s' }) });
  }

  end(): void {
    this.#view?.stop();
    process.stdout.write('\n');
  }

  #line(kind: string, text: string, correlationId?: string): void {
    const at = ((performance.now() - this.#startedAt) / 1000).toFixed(2).padStart(5);
    const id = correlationId === undefined ? '' : `  ${correlationId}`;
    this.#view?.log(`${at} s  ${kind.padEnd(7)}  ${text}${id}`);
  }
}

/** A quota's key without whose it is: `GET /api/machines` */
function nameOf(quota: string): string {
  return quota.slice(quota.indexOf(' ') + 1);
}

function pathOf(url: string): string {
  return new URL(url).pathname;
}

function ms(duration: number): string {
  return duration < 1000 ? `${Math.round(duration)} ms` : `${(duration / 1000).toFixed(1)} s`;
}
