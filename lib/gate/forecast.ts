import { WindowCount } from '../ledger/window-count.ts';
import type { Charge, LimitAhead } from '../ledger/windows.ts';
import type { Priced } from './admitter.ts';
import type { GateContext } from './context.ts';
import type { Gate } from './gate.ts';
import type { Lane, LaneGate } from './lane.ts';
import { type Alike, GateSimulation, type Waiting } from './simulation.ts';

/** Maximum number of places priced one by one. */
const MOST_PRICED = 2000;

/**
 * ms until `calls` further calls would have passed all these gates, behind those waiting now. A lower bound:
 * other processes' usage, refusals and slower attempts are unknown.
 */
export function forecastMs(
  gates: readonly Gate[],
  calls: number,
  ask: Priced = {},
  { clock, inUse }: Pick<GateContext, 'clock' | 'inUse'>,
): number {
  for (const { quota } of gates) {
    const refusal = quota.refusal(ask);
    if (refusal) throw refusal;
  }
  const now = clock.now();
  const simulation = new GateSimulation(clock);
  const limits = new Map(gates.map((gate) => [gate as LaneGate, limitsOf(gate, simulation, now)]));
  simulation.limits.push(...[...limits.values()].flat());
  for (const { quota } of gates) {
    const { latencyMs } = quota.windows;
    const answerMs = latencyMs >= 0 ? latencyMs : (quota.adaptive?.learner?.latency ?? 0);
    simulation.answerMs = Math.max(simulation.answerMs, answerMs);
    simulation.endMs = Math.max(simulation.endMs, simulation.answerMs, quota.heldMs);
  }
  const weights = (drawn: readonly Gate[], charge: (gate: Gate) => Charge | undefined): number[] =>
    simulation.weights(
      new Map(drawn.flatMap((gate) => (limits.get(gate) ?? []).map((limit) => [limit, charge(gate)]))),
    );

  for (const permit of inUse) {
    const drawn = gates.filter((gate) => permit.drawnAt(gate));
    if (drawn.length === 0) continue;
    const taken = weights(drawn, (gate) => permit.drawnAt(gate)?.charge);
    simulation.fly(taken, permit.takenAt, permit.isAnswered);
  }

  const groups = new Map<string, Waiting & { readonly drawn: readonly Gate[] }>();
  const groupOf = (drawn: readonly Gate[]): Waiting => {
    const key = drawn.map((gate) => gates.indexOf(gate)).join();
    const opensAt = Math.max(...drawn.map((gate) => opensAtOf(gate, now)));
    const group = groups.get(key) ?? { drawn, heads: [], left: 0, opensAt };
    groups.set(key, group);
    return group;
  };
  const priced = gates.some(({ quota }) => quota.tariff);
  const expected = (each: Priced) => (gate: Gate) => gate.quota.tariff?.expected(each);
  for (const lane of new Set(gates.flatMap((gate) => [...gate.lanes]))) {
    const drawn = gates.filter((gate) => lane.gates.includes(gate));
    add(groupOf(drawn), lane, priced, (each) => weights(drawn, expected(each)));
  }
  const target = groupOf(gates);
  if (calls > 0) {
    // Once MOST_PRICED places are priced, further calls are assumed to cost what those before them do.
    const whole = target.heads.reduce((sum, { count }) => sum + count, 0) === target.left;
    if (whole) target.heads.push({ weights: weights(gates, expected(ask)), count: calls });
    target.left += calls;
  }
  return simulation.last(
    target,
    [...groups.values()].filter((group) => group !== target),
  );
}

/** Adds the attempts that wait in a lane. */
function add(group: Waiting, lane: Lane, priced: boolean, weigh: (ask: Priced) => number[]): void {
  group.left += lane.length;
  if (!priced) {
    group.heads.push({ weights: weigh({}), count: lane.length });
    return;
  }
  let last: Alike | undefined = group.heads.at(-1);
  for (const { ask } of lane) {
    if (group.heads.length >= MOST_PRICED) return;
    const weights = weigh(ask);
    if (last?.weights.every((weight, index) => weight === weights[index])) last.count += 1;
    else {
      last = { weights, count: 1 };
      group.heads.push(last);
    }
  }
}

/** Everything that limits a quota: declared and learned windows, and attempts in flight. */
function limitsOf({ quota }: Gate, simulation: GateSimulation, now: number): LimitAhead[] {
  const one = (): number => 1;
  const { flight, windows, adaptive } = quota;
  const limits = windows.ahead(simulation);
  for (const { count, limit } of adaptive?.learner?.windows ?? []) {
    limits.push({ count: count.ahead(limit, simulation), weigh: one, toEnd: false });
  }
  const inFlight = Math.min(flight.capacity, adaptive?.snapshot(now)?.concurrency ?? Infinity);
  if (inFlight < Infinity) limits.push({ count: new WindowCount(0, inFlight), weigh: one, toEnd: true });
  return limits;
}

/** The end of a pause or the next probe of an outage, whichever is later. */
function opensAtOf({ quota }: Gate, now: number): number {
  return Math.max(now + quota.reopensIn(now), quota.pause.nextAt, now + (quota.probeIn(now) ?? 0));
}
