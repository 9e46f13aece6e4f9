import Table from 'cli-table3';
import type { FailureEvent, Headgate } from 'headgate';
import { defenderLimits } from 'headgate/profiles';
import type { Simulator } from 'headgate/simulator';

/** Keeps count of what a gate did, and tells at the end whether every law held. */
export class Audit {
  readonly #sim: Simulator | undefined;
  readonly #minute: number;
  readonly #startedAt = performance.now();
  readonly #ended = new Map<string, number>();
  readonly #failures: FailureEvent[] = [];
  #attempts = 0;
  #throttled = 0;
  #retries = 0;
  #waits = 0;
  #inPause = 0;

  /** @param minute how long a minute of the API's takes, in ms */
  constructor(gate: Headgate, sim: Simulator | undefined, minute: number) {
    this.#sim = sim;
    this.#minute = minute;
    const closedUntil = new Map<string, number>();
    gate.on('pause', ({ quota, untilMs }) => closedUntil.set(quota, untilMs));
    gate.on('attempt', ({ at, quota, waitedMs }) => {
      if (waitedMs >= 1) this.#waits += 1;
      if (at < (closedUntil.get(quota) ?? 0)) this.#inPause += 1;
    });
    gate.on('retry', () => {
      this.#retries += 1;
    });
    const end = ({
      call,
      attempts,
    }: {
      call: string;
      attempts: readonly { readonly status?: number | undefined }[];
    }): void => {
      this.#ended.set(call, (this.#ended.get(call) ?? 0) + 1);
      this.#attempts += attempts.length;
      this.#throttled += attempts.filter(({ status }) => status === 429).length;
    };
    gate.on('success', end);
    gate.on('failure', (event) => {
      end(event);
      this.#failures.push(event);
    });
  }

  /** Prints the tables; true when every law held. */
  report(): boolean {
    const totals = table([
      'calls',
      'attempts',
      '429s seen',
      'retries',
      'waits',
      'time',
      'alerts took',
      'ideal',
    ]);
    const busiest = this.#sim && this.#busiest(this.#sim);
    totals.push([
      this.#ended.size,
      this.#attempts,
      this.#throttled,
      this.#retries,
      this.#waits,
      seconds(performance.now() - this.#startedAt),
      busiest ? seconds(busiest.tookMs) : 'unknown',
      busiest ? seconds(busiest.idealMs) : 'unknown',
    ]);
    console.log(totals.toString());

    if (this.#failures.length > 0) {
      const failures = table(
        ['failed call', 'correlation ID', 'advice'],
        [34, 38, Math.max(24, Math.min(60, (process.stdout.columns ?? 140) - 76))],
      );
      for (const { method, url, status, code, correlationId, hint } of this.#failures) {
        failures.push([
          `${method} ${new URL(url).pathname}\n${status ?? ''} ${code ?? ''}`,
          correlationId ?? '',
          hint ?? '',
        ]);
      }
      console.log(failures.toString());
    }

    const laws = this.#laws();
    for (const [law, held] of laws) console.log(`${held ? 'held  ' : 'BROKEN'}  ${law}`);
    return laws.every(([, held]) => held);
  }

  #laws(): [string, boolean][] {
    const once: [string, boolean] = [
      'every call ended exactly once',
      [...this.#ended.values()].every((times) => times === 1),
    ];
    const pause: [string, boolean] = ['nothing was sent into a pause', this.#inPause === 0];
    const sim = this.#sim;
    if (!sim) return [once, pause];
    const quota = defenderLimits.every(({ method, path, perMinute, perHour }) => {
      const match = { method, path };
      return (
        sim.worst(match, this.#minute) <= (perMinute ?? Infinity) &&
        sim.worst(match, 60 * this.#minute) <= (perHour ?? Infinity)
      );
    });
    return [
      once,
      pause,
      ['no quota was exceeded, in any window', quota],
      [
        'the record of attempts is what the server saw',
        this.#attempts === sim.seen({ path: '/api/*' }).length,
      ],
      [
        'a POST was never sent twice',
        sim
          .seen({ method: 'POST', path: '/api/machines/{id}/isolate' })
          .filter(({ status }) => status === 201).length === 1,
      ],
    ];
  }

  /** The endpoint that was asked most: how long that took, and how long its quota asks for. */
  #busiest(sim: Simulator): { tookMs: number; idealMs: number } {
    const spans = defenderLimits.map(({ method, path, perMinute }) => {
      const seen = sim.seen({ method, path });
      const windows = perMinute === null ? 0 : Math.ceil(seen.length / perMinute) - 1;
      const tookMs = (seen.at(-1)?.at ?? 0) - (seen[0]?.at ?? 0);
      return { tookMs, idealMs: windows * this.#minute, asked: seen.length };
    });
    return spans.reduce((most, span) => (span.asked > most.asked ? span : most));
  }
}

function table(head: string[], colWidths?: number[]): Table.Table {
  return new Table({
    head,
    ...(colWidths && { colWidths }),
    wordWrap: true,
    style: { head: [], border: [] },
  });
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
