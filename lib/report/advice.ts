import type { QuotaTimeline, Totals } from './page-data.ts';
import type { GateRecord, RecordedCall } from './record.ts';
import { counted, duration, percent } from './text.ts';

/** Fraction of the time that a quota has to be closed, or its window full, to be called the bottleneck. */
const MUCH_OF_THE_TIME = 0.2;
/** Used share of a window, in %, from which it counts as full. */
const FULL = 95;
/** Fraction of attempts refused from which a limit should be declared. */
const MANY_REFUSALS = 0.02;
/** Fraction of attempts that are resends from which they are worth a sentence. */
const MANY_RESENDS = 0.05;

/** Findings in sentences, the most important first. */
export function adviceOn(record: GateRecord, totals: Totals, quotas: readonly QuotaTimeline[]): string[] {
  if (totals.calls === 0) return ['No call was recorded.'];
  const advice = [
    ...(totals.open > 0 ? [`${counted(totals.open, 'call')} had not ended at the end of the record.`] : []),
    ...failuresOf(record.calls),
    ...quotas.slice(0, 20).flatMap(bottleneck),
    ...resends(totals),
  ];
  if (advice.length > 0) return advice;
  return ['No quota held calls back for long, and none failed: nothing needs to change.'];
}

/** One sentence for each of the most frequent causes of failure. */
function failuresOf(calls: readonly RecordedCall[]): string[] {
  const groups = new Map<string, RecordedCall[]>();
  for (const call of calls) {
    if (call.reason === undefined || call.reason === 'aborted') continue;
    const cause = call.code ?? (call.status === undefined ? call.reason : String(call.status));
    const group = groups.get(cause);
    if (group) group.push(call);
    else groups.set(cause, [call]);
  }
  return [...groups]
    .sort(([, a], [, b]) => b.length - a.length)
    .slice(0, 3)
    .map(([cause, group]) => {
      const { hint, correlationId } =
        group.findLast((call) => call.correlationId !== undefined) ?? group[0] ?? {};
      const id = correlationId === undefined ? '' : ` Tell support the correlation ID ${correlationId}.`;
      return `${counted(group.length, 'call')} failed with ${cause}.${hint === undefined ? '' : ` ${hint}`}${id}`;
    });
}

function bottleneck(quota: QuotaTimeline): string[] {
  const { key, limits, closed, used, queued, attempts, refusals } = quota;
  const sampled = used.filter((share) => share !== null);
  const full = sampled.length > 0 ? sampled.filter((share) => share >= FULL).length / sampled.length : 0;
  const waited = Math.max(...queued) >= 1;
  if (closed >= MUCH_OF_THE_TIME)
    return [
      `${key} was closed ${percent(closed)} of the time: ${limits === '' ? 'its quota' : limits} is the bottleneck.` +
        (limits === '' ? ' Declare its limit, so that calls wait before they are refused.' : ''),
    ];
  if (waited && full >= MUCH_OF_THE_TIME)
    return [`${key} was used to its limit ${percent(full)} of the time: ${limits} is the bottleneck.`];
  if (attempts > 0 && refusals / attempts >= MANY_REFUSALS)
    return [
      `${percent(refusals / attempts)} of the attempts of ${key} were refused with a 429. ` +
        `${limits === '' ? 'Declare its limit' : `The limit in force (${limits}) is higher than the server's, or others use the same quota`}.`,
    ];
  return [];
}

function resends({ attempts, resent, refused, p50, p99 }: Totals): string[] {
  const faults = resent - refused;
  const advice: string[] = [];
  if (attempts > 0 && faults / attempts >= MANY_RESENDS)
    advice.push(
      `${percent(faults / attempts)} of the attempts were resends after faults of the server or the network.`,
    );
  if (p99 > 10 * p50 && p99 > 1000)
    advice.push(`One call in a hundred took ${duration(p99)} or longer; half took at most ${duration(p50)}.`);
  return advice;
}
