import type { Declared, Limit, ServerPlan, Work } from './types.ts';

/** What a work can be varied by, from the command line. */
export interface Variation {
  readonly calls?: number | undefined;
  readonly limit?: number | undefined;
  /** ms */
  readonly per?: number | undefined;
  /** ms, jitter of a half to each side. */
  readonly latency?: number | undefined;
}

/** A loopback server that takes as long as one in the same region, in ms. */
const LATENCY = 20;

/** The works, in the order of the table. The standard case: 600 calls at once, 100 per 2 s. */
export function works(varied: Variation = {}): Work[] {
  const { limit = 100, per = 2000, calls = 600 } = varied;
  const latency = spread(varied.latency ?? LATENCY);
  const one = (kind: Limit['kind'], more: Partial<ServerPlan> = {}): ServerPlan => ({
    limits: [{ kind, limit, per }],
    retryAfter: 'seconds',
    latency,
    ...more,
  });
  const quota = `${calls} calls at once, ${limit} per ${per / 1000} s`;
  const standard = { calls, longest: 90_000 };
  const tokenLimits: readonly Declared[] = [
    { limit: 60, per: 2000 },
    { limit: 30_000, per: 2000, of: 'tokens' },
  ];
  const routeLimits: readonly Declared[] = [
    { limit: 100, per: 1000 },
    { limit: 10, per: 1000, each: 'route' },
  ];
  const none = { limits: [], retryAfter: 'none', latency } as const;
  return [
    {
      ...standard,
      name: 'declared',
      title: `${quota}, declared`,
      declared: [{ limit, per }],
      server: one('rolling'),
    },
    { ...standard, name: 'unknown', title: `${quota}, unknown, Retry-After given`, server: one('rolling') },
    {
      ...standard,
      name: 'silent',
      title: `${quota}, unknown, 429 without any header`,
      server: one('rolling', { retryAfter: 'none' }),
    },
    { ...standard, name: 'fixed', title: `${quota}, fixed window at a random phase`, server: one('fixed') },
    {
      ...standard,
      name: 'fixed-silent',
      title: `${quota}, fixed window at a random phase, no header`,
      server: one('fixed', { retryAfter: 'none' }),
    },
    {
      ...standard,
      name: 'two-windows',
      title: `${calls} calls at once, 60 per 1 s and 200 per 5 s, both declared`,
      declared: [
        { limit: 60, per: 1000 },
        { limit: 200, per: 5000 },
      ],
      server: one('rolling', {
        limits: [
          { kind: 'rolling', limit: 60, per: 1000 },
          { kind: 'rolling', limit: 200, per: 5000 },
        ],
      }),
    },
    {
      ...standard,
      name: 'tokens',
      title: `${calls} calls at once of 100 to 1100 tokens, known to the half; 60 calls and 30,000 tokens per 2 s, both declared`,
      tokens: [100, 1100],
      declared: tokenLimits,
      server: one('rolling', { limits: tokenLimits.map((each) => ({ kind: 'rolling', ...each })) }),
    },
    {
      ...standard,
      name: 'routes',
      title: `${varied.calls ?? 1200} calls at once on 20 routes, 10 per 1 s each and 100 per 1 s in all, both declared`,
      calls: varied.calls ?? 1200,
      routes: 20,
      declared: routeLimits,
      server: one('rolling', { limits: routeLimits.map((each) => ({ kind: 'rolling', ...each })) }),
    },
    { ...standard, name: 'bucket', title: `${quota}, token bucket`, server: one('bucket') },
    {
      name: 'outage',
      title: '100 calls per s for 12 s, 503 for 5 s',
      calls: varied.calls ?? 1200,
      rate: 100,
      longest: 90_000,
      server: { ...none, troubles: [{ from: 3000, to: 8000, status: 503 }] },
    },
    {
      name: 'overload',
      title: '2000 calls at once, a server that carries 20',
      calls: varied.calls ?? 2000,
      longest: 90_000,
      server: { ...none, latency: spread(varied.latency ?? 50), capacity: 20 },
    },
    {
      name: 'blip',
      title: '100 calls per s for 6 s, connections reset for 300 ms',
      calls: varied.calls ?? 600,
      rate: 100,
      longest: 60_000,
      server: { ...none, troubles: [{ from: 2000, to: 2300, status: 0 }] },
    },
    {
      ...standard,
      name: 'changing',
      title: `${calls} calls at once, 100 per 2 s, 40 from 4 s to 10 s, then 100 again`,
      server: one('rolling', {
        limits: [
          {
            kind: 'rolling',
            limit: 100,
            per: 2000,
            changes: [
              { at: 4000, limit: 40 },
              { at: 10_000, limit: 100 },
            ],
          },
        ],
      }),
    },
    {
      name: 'herd',
      title: '100 calls per s for 6 s, closed for 3 s, then 20 per 100 ms',
      calls: varied.calls ?? 600,
      rate: 100,
      longest: 60_000,
      server: one('rolling', {
        limits: [{ kind: 'rolling', limit: 20, per: 100 }],
        troubles: [{ from: 1000, to: 4000, status: 429, retryAfter: true }],
      }),
    },
    {
      ...standard,
      name: 'latency-50',
      title: `${quota}, 50 ms latency`,
      server: one('rolling', { latency: spread(50) }),
    },
    {
      ...standard,
      name: 'latency-500',
      title: `${quota}, 500 ms latency`,
      server: one('rolling', { latency: spread(500) }),
    },
  ];
}

/** A latency with a jitter of a half to each side. */
function spread(ms: number): [number, number] {
  return [ms / 2, ms * 1.5];
}
