import type { Clock, QuotaRef, RequestFacts } from '../../index.ts';
import type { SimulationDefinition } from '../../profiles/index.ts';
import { ApiModel } from '../../simulator/api-model.ts';
import { seeded } from '../../simulator/random.ts';
import type { Scenario, SimulatedFault, Tell } from './settings.ts';

/** Outcome of a request. */
type Fate =
  | { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }
  | { readonly broken: 'reset' | 'hang' | 'truncate' };

const OVERLOADED: Fate = { status: 503, headers: {}, body: 'Service Unavailable' };

/** Styles of a 429 by where it names the wait, as in `simulate()` of `headgate/simulator`. */
export const MANNERS: Readonly<Record<Tell, SimulationDefinition>> = {
  header: { refusal: { status: 429, headers: { 'retry-after': '{wait}' }, body: refused('') } },
  precise: {
    refusal: {
      status: 429,
      headers: { 'retry-after': '{wait}', 'retry-after-ms': '{waitMs}' },
      body: refused(''),
    },
  },
  message: { refusal: { status: 429, body: refused(' You can send requests again in {wait} seconds.') } },
  silent: { refusal: { status: 429, body: refused('') } },
};

function refused(again: string): object {
  return { error: { code: 'TooManyRequests', message: `API calls quota exceeded!${again}` } };
}

/** The simulated API: quotas, capacity, latency and faults, on the clock of the simulation. */
export class World {
  readonly #scenario: Scenario;
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #model: ApiModel;
  readonly #random: () => number;
  #working = 0;

  constructor(
    scenario: Scenario,
    clock: Clock,
    quotas: (request: RequestFacts) => readonly QuotaRef[],
    simulation: SimulationDefinition,
  ) {
    this.#scenario = scenario;
    this.#clock = clock;
    this.#startedAt = clock.now();
    const { kind, seed } = scenario;
    this.#model = new ApiModel({ quotas, simulation, kind, seed });
    this.#random = seeded(seed + 1);
  }

  /** A fetch that reaches only this API. */
  readonly fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const { method = 'GET' } = init;
    const { fate, leave } = this.#receive({ method, url: new URL(String(input)) });
    try {
      const ms = 'broken' in fate && fate.broken === 'hang' ? Infinity : this.#latency();
      await this.#pass(ms, init.signal ?? undefined);
    } finally {
      leave();
    }
    if ('status' in fate) return new Response(fate.body, fate);
    if (fate.broken === 'truncate') return new Response(truncated());
    throw new TypeError('fetch failed', { cause: fault('read ECONNRESET', 'ECONNRESET') });
  };

  #receive(request: RequestFacts): { fate: Fate; leave: () => void } {
    const { outages, capacity, faults } = this.#scenario;
    const now = this.#clock.now();
    const since = now - this.#startedAt;
    const over =
      this.#working >= capacity || outages.some(({ fromMs, toMs }) => since >= fromMs && since < toMs);
    this.#working += 1;
    const leave = (): void => {
      this.#working -= 1;
    };
    const broken = over ? undefined : this.#fault(faults);
    if (over) return { fate: OVERLOADED, leave };
    if (broken) return { fate: broken, leave };
    const arrival = this.#model.receive(request, now);
    return {
      fate: arrival.answer(now, now),
      leave: () => {
        leave();
        arrival.leave();
      },
    };
  }

  /** Draws at most one fault for a request, each by its share. */
  #fault(faults: readonly SimulatedFault[]): Fate | undefined {
    let drawn = faults.length > 0 ? this.#random() : 1;
    for (const { what, share } of faults) {
      if (drawn < share)
        return typeof what === 'number' ? { status: what, headers: {}, body: '' } : { broken: what };
      drawn -= share;
    }
    return undefined;
  }

  #latency(): number {
    const [from, to] = this.#scenario.latencyMs;
    return from === to ? from : from + this.#random() * (to - from);
  }

  #pass(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const timer = ms === Infinity ? undefined : this.#clock.setTimer(end, ms, true);
      function aborted(): void {
        timer?.cancel();
        reject(signal?.reason);
      }
      function end(): void {
        signal?.removeEventListener('abort', aborted);
        resolve();
      }
      signal?.addEventListener('abort', aborted, { once: true });
    });
  }
}

function truncated(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      controller.error(new TypeError('terminated', { cause: fault('other side closed', 'UND_ERR_SOCKET') }));
    },
  });
}

function fault(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}
