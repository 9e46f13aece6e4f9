import type { CallContext } from '../../lib/call/context.ts';
import type { Gate } from '../../lib/gate/gate.ts';
import { Permit } from '../../lib/gate/permit.ts';
import type { Ask } from '../../lib/gate/place.ts';
import { headgate, type QuotaOptions } from '../../lib/index.ts';
import type { Clock } from '../../lib/time/clock.ts';

/** An ask that wants nothing special. */
export const ask: Ask = {
  priority: 0,
  resend: false,
  deadlineAt: Infinity,
  late: (waitMs) => new Error(`late by ${waitMs}`),
  move: () => undefined,
};

/** A gate as calls meet it, with its permits leased. */
export async function openGate(quota: Omit<QuotaOptions, 'match'>): Promise<{ gate: Gate; clock: Clock }> {
  const context = headgate({
    quotas: [{ ...quota, match: {} }],
    maxQueue: Number.MAX_SAFE_INTEGER,
  }) as unknown as CallContext;
  const { gates } = context.passageOf({ method: 'GET', url: new URL('http://localhost/') }, undefined);
  const [gate] = gates;
  const first = gate.acquire(ask);
  (first instanceof Permit ? first : await first.permit).refund();
  return { gate, clock: context.clock };
}
