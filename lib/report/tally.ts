import type { AnyEvent } from '../events/types.ts';

/** Time over which a rate is measured, in ms. */
const RATE_MS = 5000;

/** Counts of one quota from a gate's events, which `gate.quotas()` lacks. */
export interface QuotaTally {
  retries: number;
  refused: number;
  /** Moments of the attempts sent in the last {@link RATE_MS}. */
  readonly sent: number[];
}

/** Counts a gate's events. */
export class Tally {
  readonly quotas: Map<string, QuotaTally> = new Map();
  begun = 0;
  succeeded = 0;
  failed = 0;
  attempts = 0;
  retries = 0;

  hear(event: AnyEvent): void {
    switch (event.type) {
      case 'call':
        this.begun += 1;
        break;
      case 'attempt':
        this.attempts += 1;
        this.of(event.quota).sent.push(event.at);
        break;
      case 'retry':
        this.retries += 1;
        this.of(event.quota).retries += 1;
        if (event.verdict === 'throttled') this.of(event.quota).refused += 1;
        break;
      case 'success':
        this.succeeded += 1;
        break;
      case 'failure':
        this.failed += 1;
        break;
      default:
    }
  }

  /** Attempts per second of a quota, over the last seconds. */
  rate(quota: string, now: number): number {
    const sent = this.quotas.get(quota)?.sent ?? [];
    while ((sent[0] ?? now) < now - RATE_MS) sent.shift();
    return sent.length / (RATE_MS / 1000);
  }

  /** Whether anything was sent or retried under a quota. */
  used(quota: string): boolean {
    return this.quotas.has(quota);
  }

  of(quota: string): QuotaTally {
    const tally = this.quotas.get(quota) ?? { retries: 0, refused: 0, sent: [] };
    this.quotas.set(quota, tally);
    return tally;
  }
}
