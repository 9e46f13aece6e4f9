import type { Gate } from './gate/gate.ts';
import type { Gates } from './gate/gates.ts';
import type { Passage } from './gate/passage.ts';
import type { PauseOptions } from './headgate-types.ts';
import { DeclaredQuotas, keyOf } from './options/quotas.ts';
import { readPaused, readPauseOptions } from './options/read.ts';
import type { QuotaMatch } from './options/types.ts';
import type { Clock } from './time/clock.ts';
import type { QuotaRef, RequestFacts } from './words/types.ts';

/** The gate whose quotas are paused. */
export interface PausedContext {
  readonly clock: Clock;
  /** Aborted when the gate closes. */
  readonly life: AbortSignal;
  /** The quota of this name, even if nothing has drawn on it yet. */
  refOf(name: string): QuotaRef;
  /** A quota was closed. */
  paused(quota: string, untilMs: number): void;
}

/**
 * Manual pauses. Given a name, closes that quota. Given a match, closes a quota made for the pause, to which
 * matching requests are subject in addition to their other quotas.
 */
export class ManualPauses {
  readonly #gates: Gates;
  readonly #context: PausedContext;
  /** End of the pause of each name: quotas of single values are closed when they are first used. */
  readonly #named = new Map<string, number>();
  /** Matches with a pause, by the key of the quota made for it. */
  readonly #matched = new Map<string, DeclaredQuotas>();

  constructor(gates: Gates, context: PausedContext) {
    this.#gates = gates;
    this.#context = context;
  }

  /** Closes a quota by its name, or whatever fits a match. Throws `OptionsError`. */
  pause(quota: string | QuotaMatch, options: PauseOptions): void {
    const what = readPaused(quota);
    const ms = readPauseOptions(options);
    if (this.#context.life.aborted) return;
    if (typeof what === 'string') this.#pauseNamed(what, ms);
    else this.#pauseMatching(what, ms);
  }

  /** Ends the pauses of a name or match. Throws `OptionsError`. */
  resume(quota: string | QuotaMatch): void {
    const what = readPaused(quota);
    const key = typeof what === 'string' ? this.#context.refOf(what).key : keyOfMatch(what);
    this.#named.delete(key);
    for (const gate of this.#gates.made(key)) gate.resume();
    this.over(key);
  }

  /** The pause of a quota is over. */
  over(key: string): void {
    this.#named.delete(key);
    if (this.#matched.delete(key)) this.#gates.retire(key);
  }

  /** Extends a request's passage by the quotas that are paused for it. */
  through(passage: Passage<Gate>, request: RequestFacts): Passage<Gate> {
    if (this.#named.size + this.#matched.size === 0) return passage;
    const now = this.#context.clock.now();
    for (const [name, until] of this.#named) {
      if (until <= now) this.#named.delete(name);
      else {
        for (const gate of passage.gates) {
          if (gate.key === name || gate.base === name) this.#close(gate, until - now);
        }
      }
    }
    let through = passage;
    for (const quotas of this.#matched.values()) {
      for (const ref of quotas.besides(request)) through = through.and(this.#gates.of(ref));
    }
    return through;
  }

  #pauseNamed(name: string, ms: number): void {
    this.#named.set(name, this.#context.clock.now() + ms);
    for (const gate of this.#gates.named(this.#context.refOf(name))) this.#close(gate, ms);
  }

  #pauseMatching(match: QuotaMatch, ms: number): void {
    const key = keyOfMatch(match);
    const quota = { name: key, match, windows: [], concurrency: undefined, also: true, each: [] };
    if (!this.#matched.has(key)) {
      this.#matched.set(key, new DeclaredQuotas([{ ...quota, cost: undefined, spent: undefined }]));
    }
    this.#close(this.#gates.of({ key, windows: [] }), ms);
    // Queued attempts do not wait for the new quota yet.
    this.#gates.reseat();
  }

  #close(gate: Gate, ms: number): void {
    const closing = gate.pause(ms, 'manual');
    if (closing?.isNews) this.#context.paused(gate.key, closing.until);
  }
}

/** Key of the quota made for a paused match; it differs from that of a declared quota with the same match. */
function keyOfMatch(match: QuotaMatch): string {
  return `paused ${keyOf({ name: undefined, match })}`;
}
