import type { Window } from '../../index.ts';
import type { DeclaredQuota } from '../../options/quotas.ts';
import type { Settings } from '../../options/read.ts';
import { DEFAULT_POLICY, type Policy } from '../../policy/policy.ts';
import { rateText } from '../../report/limits.ts';
import { duration, percent } from '../../report/text.ts';
import { definitionOf } from '../typical.ts';

/** The meaning of a policy, in sentences. */
export function sentencesOf({
  profile,
  policy,
  quotas,
  adaptive,
  maxQueue,
  name,
  redact,
}: Settings): string[] {
  return [
    profileSentence(profile),
    ...quotas.map((quota, index) => quotaSentence(quota, index, quotas)),
    ...(quotas.length === 0 ? ['No quota is declared.'] : []),
    adaptive ? 'Undeclared limits are learned from the answers.' : 'Undeclared limits are not learned.',
    ...retrySentences(policy),
    `At most ${maxQueue.toLocaleString('en-US')} attempts wait; further ones fail with ERR_HEADGATE_QUEUE_FULL.`,
    ...(redact.length > 0
      ? [
          `The values of these URL parameters are hidden, in addition to those that look secret: ${redact.join(', ')}.`,
        ]
      : []),
    `The gate's events carry the name '${name}'.`,
  ];
}

function profileSentence(profile: Settings['profile']): string {
  const definition = definitionOf(profile);
  if (!definition) return `The profile '${profile.name}' reads answers by HTTP and the usual error bodies.`;
  const hosts = definition.hosts.map((each) => (typeof each === 'string' ? each : each.host));
  const shown = hosts.slice(0, 3).join(', ') + (hosts.length > 3 ? ` and ${hosts.length - 3} more` : '');
  const known = definition.quotas?.length ?? 0;
  return `The profile '${profile.name}' knows ${definition.title} (${shown}): ${known === 0 ? 'no quotas' : `${known} ${known === 1 ? 'quota' : 'quotas'}`}, which apply where no quota below does.`;
}

/** The requests that a declared quota covers, in words. */
export function requestsOf({ match: { method, host, path } }: DeclaredQuota): string {
  const methods = [method]
    .flat()
    .filter((each) => each !== undefined)
    .join(', ');
  const where = `${host ?? ''}${path ?? ''}`;
  if (methods === '' && where === '') return 'every request';
  return [methods === '' ? 'requests to' : methods, where === '' ? 'of any URL' : where].join(' ');
}

/** A window: `45 requests in any 1 min`, `1,000 requests a day (…)`. */
export function windowText({ limit, per, of = 'requests', kind, zone = 'UTC', transit }: Window): string {
  const amount = `${limit.toLocaleString('en-US')} ${limit === 1 ? of.replace(/s$/, '') : of}`;
  const counted =
    transit === undefined ? '' : ` (counted from their arrival, at most ${duration(transit)} after sending)`;
  switch (kind) {
    case 'day':
    case 'month':
      return `${amount} a ${kind} (reset ${kind === 'day' ? 'at midnight' : 'on the first'} in ${zone})${counted}`;
    case 'bucket':
      return `${amount} at once, then ${rateText(limit, per)} (a token bucket)${counted}`;
    case 'spacing':
      return `one every ${duration(per)}`;
    default:
      return `${amount} in any ${duration(per)}${counted}`;
  }
}

function quotaSentence(quota: DeclaredQuota, index: number, quotas: readonly DeclaredQuota[]): string {
  const { name, windows, concurrency, also, each, cost = {} } = quota;
  const limits = windows.filter(({ kind }) => kind !== 'spacing').map(windowText);
  const spacing = windows.find(({ kind }) => kind === 'spacing');
  if (concurrency !== undefined) limits.push(`${concurrency} at once`);
  const costs = Object.entries(cost).map(([unit, amount]) => `${amount} ${unit}`);
  const before = quotas.slice(0, index).some((other) => !other.also) && !also;
  return [
    `${name === undefined ? 'A quota' : `The quota '${name}'`} for ${requestsOf(quota)}`,
    each.length > 0 && `, one for each ${each.join(' and ')}`,
    before && ', unless a quota above covers them',
    limits.length > 0 && `: at most ${listed(limits)}`,
    spacing && `${limits.length > 0 ? ';' : ':'} attempts begin at least ${duration(spacing.per)} apart`,
    limits.length === 0 && !spacing && ': its limits are learned',
    costs.length > 0 && `; each costs ${listed(costs)}`,
    also && '; it applies in addition to the others',
    '.',
  ]
    .filter(Boolean)
    .join('');
}

function retrySentences(policy: Policy): string[] {
  const { attempts, deadlineMs, bodyTimeoutMs, backoff, budget, methods, inlineMs, outage } = policy;
  const { baseMs, maxMs, jitter } = backoff;
  const repeated = [...methods].join(', ');
  const same = repeated === [...DEFAULT_POLICY.methods].join(', ');
  return [
    deadlineMs === Infinity
      ? 'A call may take as long as its waits and retries require.'
      : `A call may take ${duration(deadlineMs)} with all its waits and retries; a call whose known wait is longer fails at once.`,
    ...(inlineMs === undefined || inlineMs === Infinity
      ? []
      : [
          `A call that would have to wait longer than ${duration(inlineMs)} fails at once, and its error says when to retry.`,
        ]),
    ...(outage === 'fail' ? ['While the server is down, calls fail at once; only probes are sent.'] : []),
    'After a 429, its quota is closed for all calls until it reopens; throttled attempts are sent again, whatever their method.',
    attempts === 1
      ? 'Nothing is retried: a call has one attempt.'
      : `After a fault, a call is retried up to ${attempts - 1 === 1 ? 'once' : `${attempts - 1} times`}, after ${duration(baseMs)} to ${duration(maxMs)} (jitter: ${jitter}), ` +
        `if it is ${repeated === '' ? 'marked idempotent' : `${same ? 'of an idempotent method' : `of the methods ${repeated}`}, is marked idempotent`} or has an Idempotency-Key.`,
    ...(attempts === 1
      ? []
      : [
          budget === Infinity
            ? 'Nothing bounds the number of retries across calls.'
            : `Retries after faults are at most ${percent(budget)} of the first attempts of a quota.`,
        ]),
    ...(bodyTimeoutMs === undefined || bodyTimeoutMs === Infinity
      ? []
      : [`A body that stalls for ${duration(bodyTimeoutMs)} ends its call.`]),
  ];
}

function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}
