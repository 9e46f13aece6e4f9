import {
  type AnyEvent,
  type HeadgateOptions,
  headgate,
  type QuotaRef,
  type RequestFacts,
} from '../../index.ts';
import { DeclaredQuotas } from '../../options/quotas.ts';
import { readOptions } from '../../options/read.ts';
import type { SimulationDefinition } from '../../profiles/index.ts';
import { type GateRecord, record } from '../../report/index.ts';
import { seeded } from '../../simulator/random.ts';
import { type VirtualClock, virtualClock } from '../../testing/index.ts';
import { definitionOf, typicalRequest } from '../typical.ts';
import { type Ideal, idealOf } from './ideal.ts';
import type { Scenario } from './settings.ts';
import { MANNERS, World } from './world.ts';

/** Maximum simulated time, in ms. */
export const MAX_MS: number = 90 * 86_400_000;

/** Result of a simulation. */
export interface Run extends Ideal {
  readonly record: GateRecord;
  /** ms from the start of the first call to the end of the last; absent if calls were still open at the time limit. */
  readonly finishedMs: number | undefined;
  /** Shortest deadline of a call, in ms. */
  readonly deadlineMs: number;
  /** Warnings of the gate, each once. */
  readonly warnings: readonly string[];
  /** The requests that were made, in turn. */
  readonly requests: readonly { readonly method: string; readonly url: string }[];
  /** Quotas of the API; empty: none. */
  readonly limits: readonly QuotaRef[];
  readonly options: HeadgateOptions;
}

/** Runs the library itself under a policy, against a model of an API, on a virtual clock. */
export async function run(given: HeadgateOptions, scenario: Scenario): Promise<Run> {
  const { deadlineMs, seed, startAt } = scenario;
  const options =
    deadlineMs === undefined ? given : { ...given, retry: { ...given.retry, deadline: deadlineMs } };
  const clock = virtualClock({ now: startAt });
  const quotas = quotasOf(options, scenario);
  const world = new World(scenario, clock, quotas, mannerOf(options, scenario));
  const gate = headgate(options, { clock, random: seeded(seed + 2) });
  const warnings = new Map<string, string>();
  gate.on('warning', ({ code, message }) => warnings.set(code, message));
  let shortestMs = Infinity;
  gate.on('call', ({ deadlineMs: each }) => {
    shortestMs = Math.min(shortestMs, each);
  });
  const recording = record(gate as never);
  const fetch = gate.fetch(world.fetch as never);
  const requests = scenario.requests ?? [typicalRequest(options)];
  const at = (index: number) => requests[index % requests.length] as { method: string; url: string };

  const startedAt = clock.now();
  let endedAt = startedAt;
  const ended = (event: AnyEvent): void => {
    endedAt = event.at;
  };
  gate.on('success', ended).on('failure', ended);
  const call = async (index: number): Promise<void> => {
    const { method, url } = at(index);
    try {
      const response = await fetch(url.replaceAll('{n}', String(index + 1)), { method });
      await response.text();
    } catch {
      // The record contains the failure.
    }
  };
  const finished = await until(clock, startedAt + MAX_MS, drive(call, scenario, clock));
  const made = await recording.stop();
  await gate.close();
  const facts = Array.from({ length: scenario.calls }, (_, index) => factsOf(at(index)));
  return {
    record: made,
    finishedMs: finished ? endedAt - startedAt : undefined,
    deadlineMs: shortestMs,
    ...idealOf(facts.map(quotas), scenario),
    warnings: [...warnings.values()],
    requests,
    limits: [
      ...new Map(requests.flatMap((each) => quotas(factsOf(each))).map((ref) => [ref.key, ref])).values(),
    ],
    options,
  };
}

function factsOf({ method, url }: { readonly method: string; readonly url: string }): RequestFacts {
  return { method, url: new URL(url) };
}

/** Starts the calls, and resolves when all have ended. */
async function drive(
  call: (index: number) => Promise<void>,
  { calls, everyMs, concurrency }: Scenario,
  clock: VirtualClock,
): Promise<void> {
  const startedAt = clock.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < calls) {
      const index = next++;
      const early = startedAt + index * everyMs - clock.now();
      if (early > 0) await new Promise<void>((resolve) => clock.setTimer(resolve, early, true));
      await call(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(calls, concurrency) }, worker));
}

/** Advances the clock from timer to timer until the work is done; false if it is not done by `limit`. */
async function until(clock: VirtualClock, limit: number, work: Promise<void>): Promise<boolean> {
  let open = true;
  work.then(() => {
    open = false;
  });
  for (;;) {
    // Streams and promises settle before the event loop turns.
    await new Promise((resolve) => setImmediate(resolve));
    if (!open) return true;
    const next = clock.nextAt();
    if (next > limit) return false;
    clock.advanceSync(next - clock.now());
  }
}

/** The API's quotas that a request draws on: the given ones, or else those of the policy and its profile. */
function quotasOf(
  options: HeadgateOptions,
  { limits }: Scenario,
): (request: RequestFacts) => readonly QuotaRef[] {
  if (limits) return (request) => limits.filter(({ fits }) => fits(request)).map(({ ref }) => ref);
  const { profile, quotas } = readOptions(options);
  const declared = new DeclaredQuotas(quotas);
  return (request) => {
    const own = declared.match(request);
    const main = own ? [own] : (profile.quotas?.(request) ?? [profile.quota(request)]);
    return [...main, ...declared.besides(request)];
  };
}

function mannerOf({ profile }: HeadgateOptions, { tell }: Scenario): SimulationDefinition {
  const own = definitionOf(profile)?.simulation;
  return tell === undefined ? (own ?? MANNERS.header) : MANNERS[tell];
}
