import { worst } from '../../spec/support/fleet.ts';
import { median, quantile } from '../support/statistics.ts';
import { planOf } from './calls.ts';
import type { Figures, Hit, Outcome, Work } from './types.ts';

/** What one trial came to. */
export function figuresOf(
  work: Work,
  outcomes: readonly Outcome[],
  hits: readonly Hit[],
  idealMs: number,
): Figures {
  const done = outcomes.filter(({ endedAt, error }) => endedAt !== undefined && error === undefined);
  const timeMs = Math.max(...outcomes.map(({ endedAt }) => endedAt ?? work.longest));
  const latencies = done.map(({ startedAt, endedAt }) => (endedAt as number) - startedAt);
  const throttled = hits.filter(({ status }) => status === 429).length;
  const failed = hits.filter(({ status }) => status === 0 || status >= 500).length;
  const reopened = Math.max(0, ...(work.server.troubles ?? []).map(({ to }) => to));
  const successes = Math.max(1, done.length);
  return {
    timeMs,
    timeOverIdeal: timeMs / idealMs,
    attemptsPerCall: hits.length / work.calls,
    throttled,
    failed,
    throttledPerSuccess: throttled / successes,
    failedPerSuccess: failed / successes,
    lost: work.calls - done.length,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    herd: worst(
      hits.filter(({ at }) => at >= reopened).map(({ at }) => at),
      100,
    ),
    starvedMs: work.routes ? longestGap(work, hits) : 0,
  };
}

/** Longest time in which a route with calls left was sent none, from the first request on. */
function longestGap(work: Work, hits: readonly Hit[]): number {
  const last = new Map<number | undefined, number>();
  let longest = 0;
  for (const { at, call, status } of hits) {
    if (status !== 200) continue;
    const { route } = planOf(work, call);
    longest = Math.max(longest, at - (last.get(route) ?? 0));
    last.set(route, at);
  }
  return longest;
}

/** The median of each figure over several trials. */
export function medians(all: readonly Figures[]): Figures {
  const names = Object.keys(all[0] as Figures) as (keyof Figures)[];
  return Object.fromEntries(
    names.map((name) => [name, median(all.map((each) => each[name]))]),
  ) as unknown as Figures;
}
