import type { Window } from '../../words/types.ts';
import { FIRST_FLIGHT } from './pace.ts';

// What declared windows mean to a learner: the gate keeps them exactly, and a learned window that they keep as well is
// superfluous. It counts requests: windows of another unit tell it nothing.

/** A limit per time; of no length, of attempts in flight. */
interface Limit {
  readonly limit: number;
  /** ms */
  readonly per: number;
  /** Unit; default `requests`. */
  readonly of?: string | undefined;
}

/**
 * What windows of any kind keep in any time of their length: a bucket lets through what it holds and what comes meanwhile, two
 * calendar days meet within one day. What keeps attempts apart is no limit to learn beside.
 */
export function rolling(windows: readonly Window[]): readonly Window[] {
  if (windows.every(({ kind }) => kind === undefined)) return windows;
  return windows
    .filter(({ kind }) => kind !== 'spacing')
    .map(({ limit, per, of, kind }) => ({ limit: kind === undefined ? limit : 2 * limit, per, of }));
}

const ofRequests = ({ of = 'requests' }: Limit): boolean => of === 'requests';

/**
 * Whether the declared windows seem to be all there is, so that attempts need not be paced: a full window was served
 * without a refusal, or they let no more than a first flight go at once.
 *
 * @param served attempts served since the last refusal
 */
export function confirmed(declared: readonly Limit[], served: number): boolean {
  return declared.some(
    (each) => ofRequests(each) && each.per > 0 && each.limit <= Math.max(FIRST_FLIGHT, served),
  );
}

/** Whether keeping the declared windows keeps this one as well. */
export function covers(declared: readonly Limit[], window: Limit): boolean {
  return declared.some((each) => ofRequests(each) && each.per <= window.per && implies(each, window));
}

/** Those of the learned windows that keeping the others, and the declared ones, does not keep as well. */
export function missing<W extends Limit & { readonly stated: boolean }>(
  declared: readonly Limit[],
  learned: readonly W[],
): W[] {
  const implied = (each: W): boolean =>
    learned.some((other) => other.per < each.per && implies(other, each)) || covers(declared, each);
  return learned.filter((each) => each.stated || !implied(each));
}

/** Whether keeping a window keeps one of at least its length as well. */
function implies(shorter: Limit, longer: Limit): boolean {
  return Math.ceil(longer.per / shorter.per) * shorter.limit <= longer.limit;
}
