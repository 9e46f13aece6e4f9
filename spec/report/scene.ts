import type { AnyEvent } from 'headgate';
import type { GateRecord, RecordedCall } from 'headgate/report';

/** 2026-01-01 00:00:00 UTC */
export const START: number = Date.UTC(2026, 0, 1);

/** A record of generated calls under two quotas, with every kind of outcome: the same for the same number. */
export function generatedRecord(calls: number): GateRecord {
  const spanMs = Math.max(60_000, calls);
  const pauses = Array.from({ length: 20 }, (_, index) => ({
    quota: 'GET /machines',
    from: START + (index * spanMs) / 20,
    to: START + ((index + 0.62) * spanMs) / 20,
    cause: 'header',
  }));
  const samples = Array.from({ length: 60 }, (_, index) => ({
    at: START + (index * spanMs) / 60,
    quotas: [
      {
        key: 'GET /machines',
        windows: [{ limit: 100, per: 60_000, used: 50 + (index % 50) }],
        inFlight: 3,
        queued: index,
      },
    ],
  }));
  return {
    gate: 'generated',
    from: START,
    to: START + spanMs,
    calls: Array.from({ length: calls }, (_, index) =>
      generatedCall(index, START + (index * spanMs) / calls),
    ),
    dropped: 0,
    pauses,
    samples,
    notices: [],
  };
}

function generatedCall(index: number, beganAt: number): RecordedCall {
  const failed = index % 10 === 3;
  const first = { startedAt: beganAt + 20, waitedMs: 20, durationMs: 30, status: 429, delayMs: 500 };
  const last = {
    startedAt: beganAt + 600 + (index % 7),
    waitedMs: 5,
    durationMs: 40,
    status: failed ? 403 : 200,
    ...(failed ? { code: 'Forbidden', correlationId: `id-${index}` } : {}),
  };
  return {
    call: `call-${index}`,
    method: 'GET',
    url: `https://api.example.com/machines/${index}?q=<b>&s='"`,
    quota: index % 3 === 0 ? 'GET /alerts' : 'GET /machines',
    beganAt,
    endedAt: last.startedAt + 40,
    status: last.status,
    ...(failed
      ? { reason: 'terminal', code: 'Forbidden', correlationId: `id-${index}`, hint: 'The role is missing.' }
      : {}),
    attempts: index % 4 === 1 ? [first, last] : [last],
  };
}

/** Events of one call that succeeds after a refusal. */
export function eventsOfOneCall(): AnyEvent[] {
  const call = { gate: 'g', call: 'c1', quota: 'q', method: 'GET', url: 'https://api.example.com/' };
  return [
    { type: 'call', at: START, attempt: 0, priority: 0, deadlineMs: 1000, ...call },
    {
      type: 'pause',
      at: START + 10,
      gate: 'g',
      quota: 'q',
      until: START + 500,
      untilMs: START + 500,
      cause: 'header',
    },
    {
      type: 'resume',
      at: START + 510,
      gate: 'g',
      quota: 'q',
      until: START + 500,
      untilMs: START + 500,
      cause: 'header',
    },
    {
      type: 'success',
      at: START + 600,
      attempt: 2,
      status: 200,
      attempts: [
        { startedAt: START, waitedMs: 0, durationMs: 10, status: 429 },
        { startedAt: START + 520, waitedMs: 510, durationMs: 80, status: 200 },
      ],
      ...call,
    },
  ];
}
