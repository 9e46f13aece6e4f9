import { defenderLimits, defenderXdrLimits } from '../profiles/defender/index.ts';
import { parseDuration } from '../time/duration.ts';
import { OptionsError } from '../words/errors.ts';
import { type Counter, FixedWindow, RollingWindow, TokenBucket } from './counters.ts';
import { type Matcher, matcher } from './match.ts';
import type { GatedQuota, SimulatedQuota } from './types.ts';

/** A refusal: the limit that refused, and the wait in simulated ms. */
export interface Refusal {
  readonly limit: number;
  readonly perMs: number;
  readonly waitMs: number;
}

interface Rule {
  readonly fits: Matcher;
  readonly limit: number;
  readonly perMs: number;
  readonly countRefused: boolean;
  readonly counter: Counter;
}

/** The limits of the simulated API. A request is accepted if every limit that it matches accepts it. */
export class Quotas {
  readonly #rules: readonly Rule[];

  constructor(quotas: readonly SimulatedQuota[], random: () => number) {
    this.#rules = quotas.map(({ match, limit, per, kind = 'fixed', phase, countRefused = false }, index) => {
      const perMs = parseDuration(per);
      if (!perMs)
        throw new OptionsError(`quotas.${index}.per`, per, "a duration of more than 0 ms, such as '1m'");
      if (!(limit >= 1)) throw new OptionsError(`quotas.${index}.limit`, limit, 'a number of 1 or more');
      const counter =
        kind === 'rolling'
          ? new RollingWindow(limit, perMs)
          : kind === 'bucket'
            ? new TokenBucket(limit, perMs)
            : new FixedWindow(limit, perMs, phase ?? random() * perMs);
      return { fits: matcher(match), limit, perMs, countRefused, counter };
    });
  }

  /** Counts a request, or refuses it. */
  admit(method: string, path: string, now: number): Refusal | undefined {
    const rules = this.#rules.filter(({ fits }) => fits(method, path));
    let refusal: Refusal | undefined;
    for (const { limit, perMs, counter } of rules) {
      const waitMs = counter.wait(now);
      if (waitMs > (refusal?.waitMs ?? 0)) refusal = { limit, perMs, waitMs };
    }
    for (const { counter, countRefused } of rules) if (!refusal || countRefused) counter.count(now);
    return refusal;
  }
}

/** The same limits in a gate's form, in real time: grouped by match, most specific first. */
export function gatedQuotas(quotas: readonly SimulatedQuota[], timeScale: number): GatedQuota[] {
  const byMatch = new Map<string, { match: GatedQuota['match']; windows: GatedQuota['windows'][number][] }>();
  for (const { match: { method, path } = {}, limit, per } of quotas) {
    const match = {
      ...(method !== undefined && { method: method.toUpperCase() }),
      ...(path !== undefined && { path: path.replaceAll(/\*{1,2}/g, '**') }),
    };
    const key = `${match.method} ${match.path}`;
    const quota = byMatch.get(key) ?? { match, windows: [] };
    byMatch.set(key, quota);
    quota.windows.push({ limit, per: (parseDuration(per) ?? 0) / timeScale });
  }
  return [...byMatch.values()].sort((a, b) => literals(b.match.path) - literals(a.match.path));
}

/** Number of literal characters in a template: its specificity. */
function literals(path: string | undefined): number {
  return path === undefined ? -1 : path.replace(/\{[^{}/]*\}|\*/g, '').length;
}

/** The documented limits of Defender for Endpoint and its Defender XDR paths, as quotas of the simulator. */
export function defenderQuotas(kind: SimulatedQuota['kind'] = 'fixed'): SimulatedQuota[] {
  return [...defenderLimits, ...defenderXdrLimits].flatMap(({ method, path, perMinute, perHour }) => {
    const match = { method, path };
    return [
      ...(perMinute === null ? [] : [{ match, limit: perMinute, per: '1m', kind }]),
      ...(perHour === null ? [] : [{ match, limit: perHour, per: '1h', kind }]),
    ];
  });
}
