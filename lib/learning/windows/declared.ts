import type { Window } from '../../words/types.ts';
import { FIRST_FLIGHT } from './pace.ts';

// What declared windows mean to a learner: the gate enforces them exactly, so a learned window that they imply is superfluous.
// The learner counts requests: windows of another unit say nothing to it.

/** A limit over time; with a length of 0, a limit of attempts in flight. */
interface Limit {
  readonly limit: number;
  /** ms */
  readonly per: number;
  /** Unit. Default `requests`. */
  readonly of?: string | undefined;
}

/**
 * The rolling windows implied by windows of any kind. Within its own length, a bucket lets through its content and the refill, and
 * a calendar window may let through two periods' worth: both twice the limit. Spacing implies no limit to learn from.
 */
export function rolling(windows: readonly Window[]): readonly Window[] {
  if (windows.every(({ kind }) => kind === undefined)) return windows;
  return windows
    .filter(({ kind }) => kind !== 'spacing')
    .map(({ limit, per, of, kind }) => ({ limit: kind === undefined ? limit : 2 * limit, per, of }));
}

const ofRequests = ({ of = 'requests' }: Limit): boolean => of === 'requests';

/**
 * Whether the declared windows seem to be the server's only ones, so that attempts need not be paced: a full window was served
 * without a refusal, or a window is no larger than a first flight.
 *
 * @param served attempts served since the last refusal
 */
export function confirmed(declared: readonly Limit[], served: number): boolean {
  return declared.some(
    (each) => ofRequests(each) && each.per > 0 && each.limit <= Math.max(FIRST_FLIGHT, served),
  );
}

/** Whether the declared windows imply this one. */
export function covers(declared: readonly Limit[], window: Limit): boolean {
  return declared.some((each) => ofRequests(each) && each.per <= window.per && implies(each, window));
}

/** The learned windows that neither another learned window nor a declared one implies. */
export function missing<W extends Limit & { readonly stated: boolean }>(
  declared: readonly Limit[],
  learned: readonly W[],
): W[] {
  const implied = (each: W): boolean =>
    learned.some((other) => other.per < each.per && implies(other, each)) || covers(declared, each);
  return learned.filter((each) => each.stated || !implied(each));
}

/** Whether a window implies one that is at least as long. */
function implies(shorter: Limit, longer: Limit): boolean {
  return Math.ceil(longer.per / shorter.per) * shorter.limit <= longer.limit;
}
