import { adviceOn } from './advice.ts';
import { namesOf } from './names.ts';
import type { Bar, CallView, PageData, Totals } from './page-data.ts';
import type { GateRecord, Notice, RecordedCall } from './record.ts';
import { duration, percent } from './text.ts';
import { timelinesOf } from './timeline.ts';

/** Maximum number of quotas with a timeline. */
const MAX_QUOTAS = 20;
/** Number of slowest calls shown. */
const SLOWEST = 20;
/** Maximum number of failed calls in the table; the last ones are shown. */
const MAX_FAILURES = 2000;
/** Maximum number of notices; the last ones are shown. */
const MAX_NOTICES = 200;

/** Computes the data of a record's page. */
export function summaryOf(record: GateRecord, title: string): PageData {
  const totals = totalsOf(record);
  const timelines = timelinesOf(record);
  const names = namesOf(timelines.map(({ key }) => key));
  const named = (key: string): string => names.get(key) ?? key;
  const quotas = timelines.map((timeline) => ({ ...timeline, key: named(timeline.key) }));
  const viewed = (call: RecordedCall): CallView => ({ ...viewOf(call), quota: named(call.quota) });
  const failed = record.calls.filter(({ reason }) => reason !== undefined);
  return {
    title,
    gate: record.gate,
    from: record.from,
    to: record.to,
    totals,
    advice: adviceOn(record, totals, quotas),
    quotas: quotas.slice(0, MAX_QUOTAS),
    moreQuotas: Math.max(0, quotas.length - MAX_QUOTAS),
    slowest: slowestOf(record.calls).map(viewed),
    failures: failed.slice(-MAX_FAILURES).map(viewed).reverse(),
    moreFailures: Math.max(0, failed.length - MAX_FAILURES),
    notices: record.notices.slice(-MAX_NOTICES).map((notice) => ({
      at: notice.at,
      type: notice.type,
      text: textOf(notice, named),
    })),
  };
}

const tookMs = ({ beganAt, endedAt = beganAt }: RecordedCall): number => endedAt - beganAt;

function totalsOf({ calls, dropped }: GateRecord): Totals {
  const times: number[] = [];
  let [succeeded, failed, attempts, refused, resent] = [0, 0, 0, 0, 0];
  for (const call of calls) {
    if (call.endedAt !== undefined) {
      times.push(tookMs(call));
      if (call.reason === undefined) succeeded += 1;
      else failed += 1;
    }
    attempts += call.attempts.length;
    resent += Math.max(0, call.attempts.length - 1);
    for (const { status } of call.attempts) if (status === 429) refused += 1;
  }
  times.sort((a, b) => a - b);
  const quantile = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0;
  return {
    calls: calls.length,
    succeeded,
    failed,
    open: calls.length - succeeded - failed,
    attempts,
    refused,
    resent,
    p50: quantile(0.5),
    p99: quantile(0.99),
    dropped,
  };
}

/** The slowest calls, without sorting all of them. */
function slowestOf(calls: readonly RecordedCall[]): RecordedCall[] {
  const slowest: RecordedCall[] = [];
  for (const call of calls) {
    if (call.endedAt === undefined) continue;
    const last = slowest.at(-1);
    if (slowest.length >= SLOWEST && last && tookMs(last) >= tookMs(call)) continue;
    const place = slowest.findIndex((other) => tookMs(other) < tookMs(call));
    slowest.splice(place < 0 ? slowest.length : place, 0, call);
    if (slowest.length > SLOWEST) slowest.pop();
  }
  return slowest;
}

function viewOf(call: RecordedCall): CallView {
  const { method, url, quota, beganAt, status, reason, code, correlationId, hint } = call;
  return {
    call: call.call,
    at: beganAt,
    method,
    url,
    quota,
    tookMs: Math.round(tookMs(call)),
    status,
    reason,
    code,
    correlationId,
    hint,
    attempts: call.attempts.length,
    bars: call.attempts.map((attempt, index): Bar => {
      const sent = Math.round(attempt.startedAt - beganAt);
      const good = reason === undefined && index === call.attempts.length - 1;
      return {
        waits: Math.round(sent - attempt.waitedMs),
        sent,
        ends: Math.round(sent + attempt.durationMs),
        outcome: [attempt.status, attempt.code].filter((part) => part !== undefined).join(' ') || 'no answer',
        kind: good ? 'good' : attempt.status === 429 ? 'throttled' : 'failed',
        correlationId: attempt.correlationId,
      };
    }),
  };
}

function textOf(notice: Notice, named: (key: string) => string): string {
  switch (notice.type) {
    case 'learned':
      return notice.kind === 'window'
        ? `${named(notice.quota)}: ${notice.limit} per ${duration(notice.perMs)} (${notice.cause})`
        : `${named(notice.quota)}: ${notice.limit} in flight (${notice.cause})`;
    case 'near':
      return `${named(notice.quota)}: ${percent(notice.share)} of ${notice.limit} ${notice.unit}${notice.perMs === undefined ? '' : ` per ${duration(notice.perMs)}`} used (${notice.source})`;
    case 'close':
      return `${notice.state}, ${notice.open} open`;
    default:
      return notice.message;
  }
}
