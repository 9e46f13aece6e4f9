import type { Emitter } from './emitter.ts';
import { processWarning } from './process-warning.ts';

/** Maximum number of different warnings per gate; further ones are dropped. */
const MAX_WARNINGS = 1000;

/**
 * The warnings of one gate, each given once per cause. A warning without a receiver (`gate.on('warning')`,
 * `gate.events()` or a diagnostics channel) becomes a process warning.
 */
export class Warnings {
  readonly #emitter: Emitter;
  readonly #clock: { now(): number };
  readonly #gate: string;
  readonly #given = new Set<string>();

  constructor(emitter: Emitter, clock: { now(): number }, gate: string) {
    this.#emitter = emitter;
    this.#clock = clock;
    this.#gate = gate;
  }

  /** Warns once per code and quota; without a quota, once per code and message. */
  warn(code: string, message: string, quota?: string): void {
    const cause = `${code} ${quota ?? message}`;
    if (this.#given.has(cause) || this.#given.size >= MAX_WARNINGS) return;
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
