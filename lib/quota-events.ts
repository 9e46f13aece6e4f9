import type { Emitter } from './events/emitter.ts';
import type { Use } from './gate/near-limit.ts';
import type { Finding } from './learning/finding.ts';
import type { Clock } from './time/clock.ts';
import type { LearnedCause, PauseCause } from './words/causes.ts';

/** Emits the events of quotas and of their ledger. */
export class QuotaEvents {
  readonly #emitter: Emitter;
  readonly #clock: Clock;
  readonly #gate: string;

  constructor(emitter: Emitter, clock: Clock, gate: string) {
    this.#emitter = emitter;
    this.#clock = clock;
    this.#gate = gate;
  }

  paused(quota: string, untilMs: number, cause: PauseCause): void {
    this.#emitter.emit('pause', { ...this.#of(quota), until: untilMs, untilMs, cause });
  }

  resumed(quota: string, untilMs: number, cause: PauseCause): void {
    this.#emitter.emit('resume', { ...this.#of(quota), until: untilMs, untilMs, cause });
  }

  learned(quota: string, { limit, perMs }: Finding, cause: LearnedCause): void {
    const kind = perMs > 0 ? 'window' : 'in-flight';
    this.#emitter.emit('learned', { ...this.#of(quota), kind, limit, perMs, cause });
  }

  near(quota: string, { unit, limit, used, source, per, resetAt }: Use): void {
    this.#emitter.emit('near', {
      ...this.#of(quota),
      ...{ unit, limit, used, share: used / limit, source },
      ...(per !== undefined && { perMs: per }),
      ...(resetAt !== undefined && { until: resetAt }),
    });
  }

  ledger(state: 'degraded' | 'restored', message: string): void {
    this.#emitter.emit('ledger', { at: this.#clock.now(), gate: this.#gate, state, message });
  }

  #of(quota: string): { readonly at: number; readonly gate: string; readonly quota: string } {
    return { at: this.#clock.now(), gate: this.#gate, quota };
  }
}
