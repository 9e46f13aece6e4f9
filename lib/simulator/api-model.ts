import type { ProfileDefinition, SimulationDefinition } from '../profiles/define/index.ts';
import { nameOf } from '../profiles/define/quotas.ts';
import type { QuotaRef, RequestFacts } from '../words/types.ts';
import { filledBody, filledHeaders, put, type Values } from './fill.ts';
import { Meter, type MeterKind } from './meters.ts';
import { seeded } from './random.ts';

/** Options of an {@link ApiModel}. */
export interface ApiModelOptions {
  /** The quotas that a request draws on; quotas with the same key are one. */
  readonly quotas: (request: RequestFacts) => readonly QuotaRef[];
  /** How it answers. */
  readonly simulation: SimulationDefinition;
  /** Definitions of the quotas, for the place where an answer states what was spent. Default: none. */
  readonly definitions?: ProfileDefinition['quotas'];
  /** How windows are counted. Default `fixed`, at a random phase. */
  readonly kind?: MeterKind | undefined;
  /** Cost of a request in a unit other than requests, as the server sees it. Default: the quota's cost, or else 1. */
  readonly cost?: ((unit: string, request: RequestFacts) => number | undefined) | undefined;
  /** Seed of the random numbers. Default 1. */
  readonly seed?: number | undefined;
  /** Unix ms at moment 0, for calendar windows. Default 0: moments are Unix ms. */
  readonly epoch?: number | undefined;
}

/** A request that has arrived. */
export interface Arrival {
  /** ms until the quotas would have accepted it; 0 if they did. */
  readonly waitMs: number;
  /** Ends the request: it is no longer in flight. */
  leave(): void;
  /** The answer at `now`; `wall` is Unix ms, for resets. */
  answer(now: number, wall: number): ModelAnswer;
}

/** An answer, as the API would give it. */
export interface ModelAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface State {
  readonly meters: readonly Meter[];
  inFlight: number;
}

/** What a request draws on. */
interface Draw {
  readonly ref: QuotaRef;
  readonly state: State;
}

/** Model of an API that enforces its quotas and answers in its style. Uses neither clock nor network: methods take the moment. */
export class ApiModel {
  readonly #options: ApiModelOptions;
  readonly #random: () => number;
  readonly #states = new Map<string, State>();

  constructor(options: ApiModelOptions) {
    this.#options = options;
    this.#random = seeded(options.seed ?? 1);
  }

  /** Counts a request against all the quotas that it draws on, or refuses it and counts nothing. */
  receive(request: RequestFacts, now: number): Arrival {
    const draws = this.#options.quotas(request).map((ref) => ({ ref, state: this.#stateOf(ref, now) }));
    const waitMs = this.#wait(draws, request, now);
    const taken = waitMs === 0 ? draws : [];
    for (const { ref, state } of taken) {
      for (const meter of state.meters) meter.take(now, this.#cost(ref, meter.unit, request));
      state.inFlight += 1;
    }
    let left = false;
    return {
      waitMs,
      leave: () => {
        if (!left) for (const { state } of taken) state.inFlight -= 1;
        left = true;
      },
      answer: (at, wall) => this.#answer(draws, request, waitMs, at, wall),
    };
  }

  /** The longest wait of all quotas; a request over a concurrency limit is told to come back in 1 s. */
  #wait(draws: readonly Draw[], request: RequestFacts, now: number): number {
    let longest = 0;
    for (const { ref, state } of draws) {
      if (state.inFlight >= (ref.concurrency ?? Infinity)) longest = Math.max(longest, 1000);
      for (const meter of state.meters) {
        longest = Math.max(longest, meter.wait(now, this.#cost(ref, meter.unit, request)));
      }
    }
    return longest;
  }

  #cost(ref: QuotaRef, unit: string, request: RequestFacts): number {
    if (unit === 'requests') return 1;
    const cost = this.#options.cost?.(unit, request);
    if (cost !== undefined) return cost;
    const known = ref.cost?.[unit];
    return (typeof known === 'function' ? known(request) : known) ?? 1;
  }

  #stateOf({ key, windows }: QuotaRef, now: number): State {
    let state = this.#states.get(key);
    if (state === undefined) {
      const { kind = 'fixed', epoch } = this.#options;
      const meters = windows.map(
        (window) => new Meter(window, kind, now - this.#random() * window.per, epoch),
      );
      state = { meters, inFlight: 0 };
      this.#states.set(key, state);
    }
    return state;
  }

  #answer(
    draws: readonly Draw[],
    request: RequestFacts,
    waitMs: number,
    now: number,
    wall: number,
  ): ModelAnswer {
    const { told, refusal, body = {} } = this.#options.simulation;
    const values = valuesOf(draws, waitMs, now, wall);
    const headers = { 'content-type': 'application/json', ...filledHeaders(told, values) };
    if (waitMs === 0) return { status: 200, headers, body: JSON.stringify(this.#good(body, draws, request)) };
    const answer = filledBody(refusal.body ?? '', values);
    return {
      status: refusal.status,
      headers: { ...headers, ...filledHeaders(refusal.headers, values) },
      body: typeof answer === 'string' ? answer : JSON.stringify(answer),
    };
  }

  /** The body of a good answer, with what was spent. */
  #good(body: object, draws: readonly Draw[], request: RequestFacts): object {
    const answer = structuredClone(body) as Record<string, unknown>;
    const { definitions = [] } = this.#options;
    for (const { ref } of draws) {
      const spent = definitions.find((quota) => nameOf(quota) === ref.bucket)?.spent ?? {};
      for (const [unit, place] of Object.entries(spent)) {
        if (place.startsWith('body:')) {
          put(answer, place.slice('body:'.length).split('.'), this.#cost(ref, unit, request));
        }
      }
    }
    return answer;
  }
}

/** Values of placeholders, from the first window of each unit; names without a unit mean requests. */
function valuesOf(draws: readonly Draw[], waitMs: number, now: number, wall: number): Values {
  const values: Record<string, number> = {};
  for (const { state } of draws) {
    for (const meter of state.meters) {
      const used = meter.used(now);
      const stated: Record<string, number> = {
        limit: meter.limit,
        used: Math.ceil(used),
        remaining: Math.max(0, Math.floor(meter.limit - used)),
        reset: Math.ceil((wall + meter.reset(now)) / 1000),
        resetAfter: Math.ceil(meter.reset(now)) / 1000,
      };
      for (const [name, value] of Object.entries(stated)) {
        values[`${name}:${meter.unit}`] ??= value;
        if (meter.unit === 'requests') values[name] ??= value;
      }
    }
  }
  return waitMs === 0
    ? values
    : {
        ...values,
        wait: Math.ceil(waitMs / 1000),
        waitMs: Math.ceil(waitMs),
        waitS: Math.ceil(waitMs) / 1000,
      };
}
