import { seeded } from '../../lib/simulator/random.ts';
import { countersOf, troubleAt } from './limits.ts';
import type { Work } from './types.ts';

/**
 * The time, in ms, that a client would need who knows the server's limits, phases and troubles beforehand, and whose
 * every request is admitted:
 *
 *     start(i) = the earliest t >= max(arrival(i), start(i - 1)) at which every limit admits, no trouble is on, and
 *                fewer than `capacity` are in service
 *     ideal    = max over i of start(i) + mean latency
 *
 * For n calls at once and one rolling window, `limit` per `per`, that is (ceil(n / limit) - 1) * per + latency: 10 s
 * and the latency for 600 calls at 100 per 2 s. For a fixed window at a phase it is less, by up to one `per`, as the
 * last of one window and the first of the next may lie side by side. Without limits and with a capacity c it is
 * ceil(n / c) * latency.
 */
export function idealMs(work: Work, seed: number): number {
  const { server, calls, rate } = work;
  const counters = countersOf(server, seeded(seed));
  const latency = (server.latency[0] + server.latency[1]) / 2;
  const inService: number[] = [];
  let now = 0;
  for (let call = 0; call < calls; call += 1) {
    now = Math.max(now, arrival(call, rate));
    for (let wait = Infinity; wait > 0; now += wait) {
      const trouble = troubleAt(server, now);
      while ((inService[0] ?? Infinity) <= now) inService.shift();
      const crowd = inService.length >= (server.capacity ?? Infinity) ? (inService[0] as number) - now : 0;
      wait = Math.max(crowd, trouble ? trouble.to - now : 0, ...counters.map((counter) => counter.wait(now)));
    }
    for (const counter of counters) counter.count(now);
    inService.push(now + latency);
  }
  return now + latency;
}

/** The moment at which a call is made. */
export function arrival(call: number, rate: number | undefined): number {
  return rate === undefined ? 0 : (call * 1000) / rate;
}
