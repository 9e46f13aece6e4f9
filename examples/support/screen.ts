import { MultiBar, type SingleBar } from 'cli-progress';
import type { Headgate } from 'headgate';

/** A progress bar, with each retry, pause and failure on a line of its own above it. */
export class Screen {
  readonly #bars = new MultiBar({
    format: '{name} [{bar}] {value}/{total}',
    clearOnComplete: true,
    hideCursor: true,
  });
  #bar: SingleBar | undefined;
  readonly #startedAt = performance.now();

  constructor(gate: Headgate) {
    gate.on('retry', ({ attempt, method, url, status, code, delayMs, reason, correlationId }) => {
      const what = `${status ?? ''} ${code ?? ''}`.trim();
      this.#line(
        'retry',
        `${method} ${pathOf(url)}: ${what}; attempt ${attempt + 1} in ${ms(delayMs)} (${reason})`,
        correlationId,
      );
    });
    gate.on('pause', ({ at, quota, untilMs, cause, correlationId }) => {
      this.#line('pause', `${quota}: closed for ${ms(untilMs - at)} (${cause})`, correlationId);
    });
    gate.on('resume', ({ quota }) => this.#line('resume', quota));
    gate.on('failure', ({ method, url, status, code, reason, correlationId }) => {
      this.#line(
        'failure',
        `${method} ${pathOf(url)}: ${status ?? ''} ${code ?? ''} (${reason})`,
        correlationId,
      );
    });
    gate.on('warning', ({ code, message }) => this.#line('warning', `${code}: ${message}`));
  }

  begin(name: string, total = 0): void {
    if (!process.stdout.isTTY) {
      process.stdout.write(`${name}\n`);
      return;
    }
    if (this.#bar) this.#bars.remove(this.#bar);
    this.#bar = this.#bars.create(total, 0, { name });
  }

  step(): void {
    this.#bar?.increment();
  }

  end(): void {
    this.#bars.update(); // writes the lines that still wait for the next drawing
    this.#bars.stop();
  }

  #line(kind: string, text: string, correlationId = ''): void {
    const at = ((performance.now() - this.#startedAt) / 1000).toFixed(2).padStart(6);
    const line = `${at} s  ${kind.padEnd(7)}  ${correlationId.padEnd(36)}  ${text}\n`;
    if (process.stdout.isTTY) this.#bars.log(line);
    else process.stdout.write(line);
  }
}

function pathOf(url: string): string {
  return new URL(url).pathname;
}

function ms(duration: number): string {
  return duration < 1000 ? `${Math.round(duration)} ms` : `${(duration / 1000).toFixed(1)} s`;
}
