import type { GateContext } from '../../lib/gate/context.ts';
import { Gate } from '../../lib/gate/gate.ts';
import { LinkedList } from '../../lib/gate/linked-list.ts';
import { Permit } from '../../lib/gate/permit.ts';
import type { Ask, Place } from '../../lib/gate/place.ts';
import { QueueLimit } from '../../lib/gate/queue-limit.ts';
import type { Ledger } from '../../lib/ledger/ledger.ts';
import { Schedule } from '../../lib/time/schedule.ts';
import type { QuotaRef } from '../../lib/words/types.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** A ledger that grants at once, as that of one process does a few ms later. */
export const promptLedger: Ledger = {
  open: () => ({
    shared: false,
    share: Infinity,
    renewMs: Infinity,
    lease: async (size) => ({ size, shrink: () => undefined, end: () => undefined }),
    withdraw: () => 0,
    close: async () => undefined,
  }),
};

export interface GateSetup {
  readonly maxQueue?: number;
  readonly maxQueuePerFlow?: number;
  readonly random?: () => number;
  readonly ledger?: Ledger;
  readonly resumed?: GateContext['resumed'];
  readonly adaptive?: boolean;
  readonly learned?: GateContext['learned'];
  readonly known?: GateContext['known'];
}

/** What gates on a virtual clock share. */
export function contextOf(clock: VirtualClock, setup: GateSetup = {}): GateContext {
  return {
    clock,
    random: setup.random ?? (() => 0),
    schedule: new Schedule(clock),
    ledger: setup.ledger ?? promptLedger,
    inUse: new LinkedList(),
    queueLimit: new QueueLimit(setup.maxQueue ?? Infinity, setup.maxQueuePerFlow),
    sharePause: () => undefined,
    recallPause: () => undefined,
    warn: () => undefined,
    resumed: setup.resumed ?? (() => undefined),
    reportPause: () => undefined,
    adaptive: setup.adaptive ?? false,
    ...(setup.known && { known: setup.known }),
    learned: setup.learned ?? (() => undefined),
  };
}

/** One gate on a virtual clock. */
export function makeGate(clock: VirtualClock, ref: Partial<QuotaRef>, setup: GateSetup = {}): Gate {
  return new Gate({ key: 'quota', windows: [], ...ref }, contextOf(clock, setup));
}

export const LATE: Error = new Error('late');

/** An ask that wants nothing special. */
export function ask(of: Partial<Ask> = {}): Ask {
  const move = (place: Place): void => place.refuse(new Error('moved'));
  return { priority: 0, resend: false, deadlineAt: Infinity, late: () => LATE, move, ...of };
}

/** The permit of a place or of a prompt grant. */
export function permitOf(granted: Permit | Place): Promise<Permit> {
  return granted instanceof Permit ? Promise.resolve(granted) : granted.permit;
}
