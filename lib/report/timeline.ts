import type { WindowSnapshot } from '../words/snapshot.ts';
import { limitText, type ToldWindow } from './limits.ts';
import { Bins, Occupancy } from './occupancy.ts';
import type { QuotaTimeline } from './page-data.ts';
import type { GateRecord, RecordedCall } from './record.ts';

/** Number of points of a chart: about one for every two pixels of a wide screen. */
const BINS = 600;
/** Status of a refusal. */
const THROTTLED = 429;

/** The timeline of one quota. */
class Timeline {
  readonly key: string;
  readonly #bins: Bins;
  readonly #queued: Occupancy;
  readonly #inFlight: Occupancy;
  readonly #sent: number[];
  readonly #refused: number[];
  readonly #used: (number | null)[];
  readonly #pauses: [number, number, string][] = [];
  #limits = '';
  #closedMs = 0;
  #calls = 0;
  #failed = 0;
  #attempts = 0;
  #refusals = 0;

  constructor(key: string, bins: Bins) {
    this.key = key;
    this.#bins = bins;
    this.#queued = new Occupancy(bins);
    this.#inFlight = new Occupancy(bins);
    this.#sent = Array.from({ length: bins.count }, () => 0);
    this.#refused = Array.from({ length: bins.count }, () => 0);
    this.#used = Array.from({ length: bins.count }, () => null);
  }

  get weight(): number {
    return this.#attempts + this.#calls;
  }

  call({ reason, attempts }: RecordedCall): void {
    this.#calls += 1;
    if (reason !== undefined) this.#failed += 1;
    for (const { startedAt, waitedMs, durationMs, status } of attempts) {
      const bin = this.#bins.of(startedAt);
      this.#attempts += 1;
      this.#sent[bin] = (this.#sent[bin] ?? 0) + 1;
      if (status === THROTTLED) {
        this.#refusals += 1;
        this.#refused[bin] = (this.#refused[bin] ?? 0) + 1;
      }
      this.#queued.add(startedAt - waitedMs, startedAt);
      this.#inFlight.add(startedAt, startedAt + durationMs);
    }
  }

  pause(from: number, to: number, cause: string): void {
    this.#pauses.push([from / 1000, to / 1000, cause]);
    this.#closedMs += to - from;
  }

  sample(
    at: number,
    windows: readonly (ToldWindow & Pick<WindowSnapshot, 'used'>)[],
    learned: boolean,
  ): void {
    if (windows.length === 0) return;
    const bin = this.#bins.of(at);
    const share = Math.round(Math.max(...windows.map(({ limit, used }) => (100 * used) / limit)));
    this.#used[bin] = Math.max(this.#used[bin] ?? 0, share);
    this.#limits = windows.map(limitText).join('; ') + (learned ? ' (learned)' : '');
  }

  view(tookMs: number): QuotaTimeline {
    return {
      key: this.key,
      limits: this.#limits,
      at: Array.from({ length: this.#bins.count }, (_, index) => Math.round(this.#bins.middle(index)) / 1000),
      queued: this.#queued.means(),
      inFlight: this.#inFlight.means(),
      sent: this.#sent,
      refused: this.#refused,
      used: this.#used,
      pauses: this.#pauses,
      closed: tookMs > 0 ? Math.min(1, this.#closedMs / tookMs) : 0,
      calls: this.#calls,
      failed: this.#failed,
      attempts: this.#attempts,
      refusals: this.#refusals,
    };
  }
}

/** The timelines of all quotas of a record, the busiest first. */
export function timelinesOf(record: GateRecord): QuotaTimeline[] {
  const { from, to } = record;
  const bins = new Bins(from, to, BINS);
  const timelines = new Map<string, Timeline>();
  const of = (key: string): Timeline => {
    const timeline = timelines.get(key) ?? new Timeline(key, bins);
    timelines.set(key, timeline);
    return timeline;
  };
  for (const call of record.calls) if (call.quota !== '') of(call.quota).call(call);
  for (const pause of record.pauses)
    of(pause.quota).pause(Math.max(from, pause.from), Math.min(to, pause.to), pause.cause);
  for (const { at, quotas } of record.samples) {
    for (const { key, windows, learned } of quotas)
      timelines
        .get(key)
        ?.sample(at, windows.length > 0 ? windows : (learned?.windows ?? []), windows.length === 0);
  }
  return [...timelines.values()]
    .sort((a, b) => b.weight - a.weight)
    .map((timeline) => timeline.view(to - from));
}
