import { seeded } from '../../lib/simulator/random.ts';
import { metersOf, troubleAt } from './limits.ts';
import type { Work } from './types.ts';

/**
 * The time, in ms, that a client would need who knows the server's limits, phases and troubles beforehand, and whose
 * every request is admitted:
 *
 *     start(i) = the earliest t >= max(arrival(i), start(i - 1)) at which every limit admits, no trouble is on, and
 *                fewer than `capacity` are in service; of calls on several routes, the first that can starts next
 *     ideal    = max over i of start(i) + mean latency
 *
 * For n calls at once and one rolling window, `limit` per `per`, that is (ceil(n / limit) - 1) * per + latency: 10 s
 * and the latency for 600 calls at 100 per 2 s. For a fixed window at a phase it is less, by up to one `per`, as the
 * last of one window and the first of the next may lie side by side. Without limits and with a capacity c it is
 * ceil(n / c) * latency.
 */
export function idealMs(work: Work, seed: number): number {
  const { server, calls, rate } = work;
  const meters = metersOf(work, seeded(seed));
  const latency = (server.latency[0] + server.latency[1]) / 2;
  const inService: number[] = [];
  const left = Array.from({ length: calls }, (_, call) => call);
  let now = 0;
  while (left.length > 0) {
    now = Math.max(now, arrival(left[0] as number, rate));
    let next = 0;
    for (let wait = Infinity; wait > 0; now += wait) {
      const trouble = troubleAt(server, now);
      while ((inService[0] ?? Infinity) <= now) inService.shift();
      const crowd = inService.length >= (server.capacity ?? Infinity) ? (inService[0] as number) - now : 0;
      const closed = Math.max(crowd, trouble ? trouble.to - now : 0);
      wait = Infinity;
      for (let index = 0; index < (work.routes ? left.length : 1) && wait > 0; index += 1) {
        const call = left[index] as number;
        const ms = Math.max(closed, ...meters.map((meter) => meter.wait(now, call)));
        if (ms < wait) [wait, next] = [ms, index];
      }
    }
    const [call] = left.splice(next, 1) as [number];
    for (const meter of meters) meter.count(now, call);
    inService.push(now + latency);
  }
  return now + latency;
}

/** The moment at which a call is made. */
export function arrival(call: number, rate: number | undefined): number {
  return rate === undefined ? 0 : (call * 1000) / rate;
}
