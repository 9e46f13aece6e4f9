import { safeUrl } from '../../events/safe-url.ts';
import type { HeadgateOptions, QuotaRef } from '../../index.ts';
import type { RecordedCall } from '../../report/index.ts';
import { limitText } from '../../report/limits.ts';
import type { Totals } from '../../report/page-data.ts';
import { summaryOf } from '../../report/summary.ts';
import { counted, duration } from '../../report/text.ts';
import { MAX_MS, type Run } from './run.ts';

/** Figures of a run: the JSON of `--json`. All times in ms. */
export interface Figures {
  readonly policy: string;
  readonly requests: readonly string[];
  /** Limits of the API, in words. */
  readonly limits: readonly string[];
  /** Time from the start of the first call to the end of the last; null if calls were still open after 90 days. */
  readonly finishedMs: number | null;
  readonly idealMs: number;
  readonly calls: {
    readonly total: number;
    readonly succeeded: number;
    readonly failed: number;
    readonly open: number;
  };
  readonly attempts: number;
  /** Attempts refused with a 429. */
  readonly refused: number;
  /** Attempts that failed for another reason. */
  readonly faulty: number;
  /** Attempts after the first of a call. */
  readonly retries: number;
  /** Fraction of attempts that did not succeed. */
  readonly waste: number;
  /** Time that calls spent without an attempt in flight: queue, pauses and backoff. */
  readonly waits: { readonly p50: number; readonly p95: number; readonly max: number };
  /** Largest number of calls that were open and not in flight at once. */
  readonly queued: number;
  readonly quotas: readonly QuotaFigures[];
  readonly failures: readonly FailureFigures[];
  readonly warnings: readonly string[];
  readonly advice: readonly string[];
  /** Path of the report, if one was asked for. */
  readonly report?: string;
}

interface QuotaFigures {
  readonly quota: string;
  /** Limits in force for the gate, in words. */
  readonly limits: string;
  readonly attempts: number;
  readonly refused: number;
  /** Fraction of the time for which it was closed. */
  readonly closed: number;
}

interface FailureFigures {
  readonly reason: string;
  readonly code: string | null;
  readonly calls: number;
}

/** Computes the figures of a run. */
export function figuresOf(policy: string, run: Run): Figures {
  const { totals, advice, quotas } = summaryOf(run.record, policy);
  const { calls } = run.record;
  const waits = calls
    .filter(({ endedAt }) => endedAt !== undefined)
    .map(waitOf)
    .sort((a, b) => a - b);
  const at = (share: number): number =>
    waits[Math.min(waits.length - 1, Math.floor(share * waits.length))] ?? 0;
  const wasted = totals.attempts - totals.succeeded;
  return {
    policy,
    requests: run.requests.map(({ method, url }) => `${method} ${shownUrl(url, run.options)}`),
    limits: run.limits.flatMap(limitsOf),
    finishedMs: run.finishedMs === undefined ? null : Math.round(run.finishedMs),
    idealMs: Math.round(run.idealMs),
    calls: { total: totals.calls, succeeded: totals.succeeded, failed: totals.failed, open: totals.open },
    attempts: totals.attempts,
    refused: totals.refused,
    faulty: wasted - totals.refused,
    retries: totals.resent,
    waste: totals.attempts > 0 ? wasted / totals.attempts : 0,
    waits: { p50: Math.round(at(0.5)), p95: Math.round(at(0.95)), max: Math.round(waits.at(-1) ?? 0) },
    queued: mostWaiting(calls),
    quotas: quotas.map(({ key, limits, attempts, refusals, closed }) => ({
      quota: key,
      limits,
      attempts,
      refused: refusals,
      closed: Math.round(closed * 1e4) / 1e4,
    })),
    failures: failuresOf(calls),
    warnings: run.warnings,
    advice: [
      ...openAdvice(run, totals),
      ...deadlineAdvice(run, totals),
      ...advice.filter((each) => !/failed with ERR_HEADGATE_DEADLINE|had not ended/.test(each)),
    ],
  };
}

/** A URL without its secrets. `{n}`, the number of the call, stays readable. */
function shownUrl(url: string, { redact }: HeadgateOptions): string {
  return safeUrl(new URL(url), redact).replaceAll('%7Bn%7D', '{n}');
}

/** A limit in words: `45 per 1 min`. */
function limitsOf({ windows, concurrency }: QuotaRef): string[] {
  return [
    ...windows.map(({ of: unit, ...window }) => limitText({ ...window, unit })),
    ...(concurrency === undefined ? [] : [`${concurrency} at once`]),
  ];
}

/** Time of a call without an attempt in flight, in ms. */
function waitOf({ beganAt, endedAt = beganAt, attempts }: RecordedCall): number {
  return Math.max(0, endedAt - beganAt - attempts.reduce((sum, { durationMs }) => sum + durationMs, 0));
}

/** Largest number of calls that were open without an attempt in flight, to the ms. */
function mostWaiting(calls: readonly RecordedCall[]): number {
  const changes = new Map<number, number>();
  const change = (at: number, by: number): unknown =>
    changes.set(Math.round(at), (changes.get(Math.round(at)) ?? 0) + by);
  for (const { beganAt, endedAt = Infinity, attempts } of calls) {
    change(beganAt, 1);
    change(endedAt, -1);
    for (const { startedAt, durationMs } of attempts) {
      change(startedAt, -1);
      change(startedAt + durationMs, 1);
    }
  }
  let [waiting, most] = [0, 0];
  for (const at of [...changes.keys()].sort((a, b) => a - b)) {
    waiting += changes.get(at) as number;
    most = Math.max(most, waiting);
  }
  return most;
}

function failuresOf(calls: readonly RecordedCall[]): FailureFigures[] {
  const counts = new Map<string, FailureFigures>();
  for (const { reason, code, status } of calls) {
    if (reason === undefined) continue;
    const shown = code ?? (status === undefined ? null : String(status));
    const known = counts.get(`${reason} ${shown}`);
    counts.set(`${reason} ${shown}`, { reason, code: shown, calls: (known?.calls ?? 0) + 1 });
  }
  return [...counts.values()].sort((a, b) => b.calls - a.calls);
}

/** Advice if calls would not end: why. */
function openAdvice({ finishedMs, idealMs, deadlineMs }: Run, { open }: Totals): string[] {
  if (finishedMs !== undefined) return [];
  const unended = `${counted(open, 'call')} had not ended after ${duration(MAX_MS)}:`;
  if (idealMs > MAX_MS)
    return [
      `${unended} the work takes ${duration(idealMs)} at best. Make fewer calls, start them faster, or raise the limits.`,
    ];
  return deadlineMs > MAX_MS
    ? [`${unended} no deadline ends a request that gets no answer. Set retry.deadline.`]
    : [`${unended} faults, refusals or stricter limits of the policy hold them up.`];
}

/** Advice if calls fail because of the deadline: why they were late. */
function deadlineAdvice(run: Run, { attempts, refused, succeeded }: Totals): string[] {
  const { record, idealMs, longestMs, deadlineMs, requests } = run;
  const late = record.calls.filter(({ reason }) => reason === 'deadline').length;
  if (late === 0 || requests.length === 0) return [];
  const failed = `${counted(late, 'call')} failed because of the deadline`;
  if (longestMs > deadlineMs)
    return [
      `${failed}: the limits require ${duration(idealMs)} in total. ` +
        'Raise retry.deadline, or start the calls more slowly (--rate, --concurrency).',
    ];
  const faulty = attempts - succeeded - refused;
  const allowed = `${failed}, although the limits require only ${duration(longestMs)} for a call:`;
  if (faulty > 0 && faulty >= refused)
    return [
      `${allowed} the server did not answer in time. ${faulty} of ${counted(attempts, 'attempt')} met a fault or got no answer.`,
    ];
  if (refused > 0)
    return [
      `${allowed} pauses after 429s took the rest of the time. ${refused} of ${counted(attempts, 'attempt')} were refused. ` +
        'Declare the limits, or raise retry.deadline.',
    ];
  return [`${allowed} the policy declares, or the gate learned, stricter ones. Raise retry.deadline.`];
}
