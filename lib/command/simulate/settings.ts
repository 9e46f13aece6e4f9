import { OptionsError, type QuotaRef, type RequestFacts } from '../../index.ts';
import { matcher } from '../../simulator/match.ts';
import type { MeterKind } from '../../simulator/meters.ts';
import { virtualClock } from '../../testing/index.ts';
import {
  countIn,
  deadlineIn,
  durationIn,
  matchIn,
  momentIn,
  periodIn,
  requestIn,
  shareIn,
} from '../values.ts';

/** Options of `headgate simulate`, as given. */
export interface SimulateFlags {
  readonly quota?: readonly string[];
  readonly kind?: MeterKind;
  readonly tell?: Tell;
  readonly capacity?: string;
  readonly latency?: string;
  readonly faults?: readonly string[];
  readonly calls?: string;
  readonly rate?: string;
  readonly concurrency?: string;
  readonly request?: readonly string[];
  readonly deadline?: string;
  readonly seed?: string;
  readonly start?: string;
}

/** Where a 429 names the wait: as `simulate()` of `headgate/simulator` understands it. */
export type Tell = 'header' | 'precise' | 'message' | 'silent';

/** A limit that the simulated API enforces. */
interface Limit {
  readonly ref: QuotaRef;
  /** Text, as given. */
  readonly text: string;
  readonly fits: (request: RequestFacts) => boolean;
}

/** A fault that some requests get instead of the API's answer. */
export interface SimulatedFault {
  /** A status, or what happens to the connection. */
  readonly what: number | 'reset' | 'hang' | 'truncate';
  /** Fraction of the requests. */
  readonly share: number;
}

/** A period in which every request gets a 503. */
interface Outage {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What is simulated, apart from the policy. */
export interface Scenario {
  /** Limits of the API; absent: those of the policy and its profile. */
  readonly limits: readonly Limit[] | undefined;
  readonly kind: MeterKind;
  /** Absent: as the profile's API does. */
  readonly tell: Tell | undefined;
  /** Maximum number of requests in progress; further ones get a 503. */
  readonly capacity: number;
  /** Shortest and longest time of an answer, in ms. */
  readonly latencyMs: readonly [number, number];
  readonly faults: readonly SimulatedFault[];
  readonly outages: readonly Outage[];
  readonly calls: number;
  /** ms between the starts of two calls; 0: all at once. */
  readonly everyMs: number;
  /** Maximum number of calls that are open at once. */
  readonly concurrency: number;
  /** Requests, taken in turn; absent: one that the policy covers. */
  readonly requests: readonly { readonly method: string; readonly url: string }[] | undefined;
  readonly deadlineMs: number | undefined;
  readonly seed: number;
  /** Start, in Unix ms: calendar windows reset by the wall clock. */
  readonly startAt: number;
}

const QUOTA_RULE =
  "a limit per time, such as '45/1m', '1500/1h', or '30/1m GET /search/**' for some requests";
const LATENCY_RULE = "a duration or its range, such as '200ms' or '100ms-300ms'";
const RATE_RULE = "a number of calls per time, such as '10/1s'";
const FAULTS_RULE =
  "faults with their shares, such as '500:1%', 'reset:0.5%', 'hang:0.1%', 'truncate:1%', or 'outage:30s@5m' for a time";

/** Reads the options. Throws `OptionsError`. */
export function scenarioOf(flags: SimulateFlags): Scenario {
  const faults: SimulatedFault[] = [];
  const outages: Outage[] = [];
  for (const text of (flags.faults ?? []).flatMap((list) => list.split(','))) {
    const outage = outageIn(text);
    if (outage) outages.push(outage);
    else faults.push(faultIn(text));
  }
  if (faults.reduce((sum, { share }) => sum + share, 0) > 1)
    throw new OptionsError('--faults', flags.faults?.join(','), 'shares of at most 100 % in total');
  return {
    limits: flags.quota?.map(limitIn),
    kind: flags.kind ?? 'fixed',
    tell: flags.tell,
    capacity: flags.capacity === undefined ? Infinity : countIn('--capacity', flags.capacity),
    latencyMs: latencyIn(flags.latency ?? '100ms'),
    faults,
    outages,
    calls: countIn('--calls', flags.calls ?? '1000'),
    everyMs: flags.rate === undefined ? 0 : everyIn(flags.rate),
    concurrency: flags.concurrency === undefined ? Infinity : countIn('--concurrency', flags.concurrency),
    requests: flags.request?.map((text) => requestIn('--request', text)),
    deadlineMs: flags.deadline === undefined ? undefined : deadlineIn('--deadline', flags.deadline),
    seed: countIn('--seed', flags.seed ?? '1'),
    startAt: flags.start === undefined ? virtualClock().now() : momentIn('--start', flags.start),
  };
}

function limitIn(text: string, index: number): Limit {
  const [, limit = '', per = '', of = ''] = /^\s*(\d+)\s*\/\s*(\S+)(?:\s(.*))?$/.exec(text) ?? [];
  const most = Number(limit);
  if (!(most >= 1)) throw new OptionsError('--quota', text, QUOTA_RULE);
  const match = matchIn('--quota', of.trim(), QUOTA_RULE);
  const fits = matcher(match);
  return {
    ref: { key: `quota ${index}`, windows: [{ limit: most, per: periodIn('--quota', per, QUOTA_RULE) }] },
    text,
    fits: ({ method, url }) => fits(method, url.pathname),
  };
}

function latencyIn(text: string): [number, number] {
  const [from = '', to = from, ...rest] = text.split('-');
  const range: [number, number] = [
    durationIn('--latency', from, LATENCY_RULE),
    durationIn('--latency', to, LATENCY_RULE),
  ];
  if (rest.length > 0 || range[1] < range[0]) throw new OptionsError('--latency', text, LATENCY_RULE);
  return range;
}

function everyIn(text: string): number {
  const [, count = '', per = ''] = /^\s*(\d+(?:\.\d+)?)\s*\/\s*(\S+)\s*$/.exec(text) ?? [];
  if (!(Number(count) > 0)) throw new OptionsError('--rate', text, RATE_RULE);
  return periodIn('--rate', per, RATE_RULE) / Number(count);
}

function outageIn(text: string): Outage | undefined {
  const [, length, at] = /^\s*outage:([^@]+)@(.+)$/.exec(text) ?? [];
  if (length === undefined || at === undefined) return undefined;
  const fromMs = durationIn('--faults', at, FAULTS_RULE);
  return { fromMs, toMs: fromMs + durationIn('--faults', length, FAULTS_RULE) };
}

function faultIn(text: string): SimulatedFault {
  const [, what = '', share = ''] = /^\s*([45]\d\d|reset|hang|truncate):(.+)$/.exec(text) ?? [];
  if (what === '') throw new OptionsError('--faults', text, FAULTS_RULE);
  const status = Number(what);
  return {
    what: Number.isNaN(status) ? (what as 'reset') : status,
    share: shareIn('--faults', share, FAULTS_RULE),
  };
}
