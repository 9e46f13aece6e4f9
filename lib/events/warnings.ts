import type { Clock } from '../time/clock.ts';
import type { Emitter } from './emitter.ts';
import { processWarning } from './process-warning.ts';

/** Maximum number of warnings remembered, so that each is given once. */
const MOST_WARNINGS = 1000;

/**
 * The warnings of one gate, once per cause. One that nobody listens to, neither by `gate.on('warning')`, nor by
 * `gate.events()`, nor by a diagnostics channel, becomes a warning of the process.
 */
export class Warnings {
  readonly #emitter: Emitter;
  readonly #clock: Clock;
  readonly #gate: string;
  readonly #given = new Set<string>();

  constructor(emitter: Emitter, clock: Clock, gate: string) {
    this.#emitter = emitter;
    this.#clock = clock;
    this.#gate = gate;
  }

  /** Warns, unless that was done for the same code and quota, or the same code and message. */
  warn(code: string, message: string, quota?: string): void {
    const cause = `${code} ${quota ?? message}`;
    if (this.#given.has(cause) || this.#given.size >= MOST_WARNINGS) return;
    this.#given.add(cause);
    if (this.#emitter.has('warning')) {
      this.#emitter.emit('warning', { at: this.#clock.now(), gate: this.#gate, code, message, quota });
    } else {
      processWarning(
        `${message} (gate '${this.#gate}'; gate.on('warning') replaces this)`,
        `HEADGATE_${code.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`,
      );
    }
  }
}
