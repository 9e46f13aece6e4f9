import { seeded } from '../../lib/simulator/random.ts';
import type { Work } from './types.ts';

/** What one call of a work asks for. The same in every trial: the server draws nothing of it. */
export interface CallPlan {
  /** Tokens that it costs, and what its client takes it to cost: from half to one and a half of that. */
  readonly tokens: number;
  readonly estimate: number;
  /** Its route, where a work has several. */
  readonly route: number | undefined;
}

export function planOf({ tokens: range, routes }: Pick<Work, 'tokens' | 'routes'>, call: number): CallPlan {
  const random = seeded(call);
  random();
  const [from, to] = range ?? [0, 0];
  const tokens = Math.round(from + random() * (to - from));
  const estimate = Math.round(tokens * (0.5 + random()));
  return { tokens, estimate, route: routes && Math.floor(random() * routes) };
}

/** The URL of a call: what its client knows of it stands there. */
export function urlOf(work: Work, origin: string, call: number): string {
  const { estimate, route } = planOf(work, call);
  const path = route === undefined ? '/call' : `/call/${route}`;
  return `${origin}${path}?n=${call}${work.tokens ? `&tokens=${estimate}` : ''}`;
}
