import type { Window } from '../../index.ts';
import { type DeclaredQuota, DeclaredQuotas } from '../../options/quotas.ts';
import type { Settings } from '../../options/read.ts';
import { duration } from '../../report/text.ts';
import { typicalRequest } from '../typical.ts';
import { requestsOf, windowText } from './sentences.ts';

/** Doubts about what is valid but probably not intended. */
export function doubtsOf({ policy, quotas, adaptive, profile }: Settings): string[] {
  const { deadlineMs, attempts, budget } = policy;
  const windows = quotas.flatMap((quota) => quota.windows.map((window) => ({ quota, ...window })));
  // A bucket has room again long before it is full.
  const longest = windows.filter(({ kind }) => kind !== 'bucket').sort((a, b) => b.per - a.per)[0];
  const doubts = [
    ...quotas.flatMap((quota, index) => hiddenBy(quota, index, quotas)),
    ...quotas.flatMap(idle),
  ];
  if (longest && deadlineMs < longest.per) {
    const { kind, per } = longest;
    doubts.push(
      `The deadline of ${duration(deadlineMs)} is shorter than a window of ${kind === undefined ? duration(per) : `one ${kind}`}: a call that finds it used up may fail at once. ` +
        `Set retry.deadline above ${duration(per)} if calls should wait for it.`,
    );
  }
  if (!adaptive && quotas.length === 0 && profile.name === 'generic')
    doubts.push('Nothing is declared and nothing is learned: only a 429 ever makes a call wait.');
  if (budget === Infinity && attempts > 2)
    doubts.push(
      'Without a budget, an outage multiplies the requests by the number of attempts: 0.1 is a good budget.',
    );
  for (const quota of quotas) {
    if (quota.windows.length === 0 && quota.concurrency === undefined && !adaptive)
      doubts.push(
        `The quota for ${requestsOf(quota)} has no limit, and none is learned: its requests only share pauses.`,
      );
  }
  return doubts;
}

/** A doubt about a quota that no request reaches, because an earlier one covers all of its requests. */
function hiddenBy(quota: DeclaredQuota, index: number, quotas: readonly DeclaredQuota[]): string[] {
  if (quota.also) return [];
  const { method, url } = typicalRequest({ quotas: [{ match: quota.match }] });
  const request = { method, url: new URL(url) };
  const before = quotas
    .slice(0, index)
    .find((other) => !other.also && covers(other, quota) && new DeclaredQuotas([other]).match(request));
  if (!before) return [];
  return [
    `No request reaches the quota for ${requestsOf(quota)}: the first match counts, and the quota for ${requestsOf(before)} precedes it. Put it first, or mark one with "also".`,
  ];
}

/** Whether a match is at least as wide as another, as far as its fields show. */
function covers({ match: wide }: DeclaredQuota, { match: narrow }: DeclaredQuota): boolean {
  const methods = (given: typeof wide.method): readonly string[] | undefined =>
    given === undefined ? undefined : [given].flat();
  const [all, some] = [methods(wide.method), methods(narrow.method)];
  if (all && !some?.every((each) => all.includes(each))) return false;
  if (wide.host !== undefined && wide.host !== narrow.host && !wide.host.includes('*')) return false;
  return wide.path === undefined || narrow.path !== undefined;
}

/** Doubts about windows that never bind, because another window of the quota allows less in their time. */
function idle(quota: DeclaredQuota): string[] {
  return quota.windows
    .filter((window) =>
      quota.windows.some(
        (other) =>
          other !== window &&
          unitOf(other) === unitOf(window) &&
          other.per < window.per &&
          mostWithin(window, other) <= window.limit,
      ),
    )
    .map(
      (window) =>
        `The window of ${windowText(window)} for ${requestsOf(quota)} never binds: a shorter one allows less in that time.`,
    );
}

function unitOf({ of: unit = 'requests' }: Window): string {
  return unit;
}

/** Maximum that `other` allows in the time of a window. */
function mostWithin({ per, kind, zone }: Window, other: Window): number {
  const { limit } = other;
  switch (other.kind) {
    case 'bucket':
      return limit + (limit * per) / other.per;
    case 'day':
      // A month has at most 31 days; another window may begin and end within one.
      return limit * (kind === 'month' && zone === other.zone ? 31 : Math.ceil(per / 82_800_000) + 1);
    case 'month':
      return Infinity;
    default:
      return limit * Math.ceil(per / other.per);
  }
}
