import { duration, percent } from '../../report/text.ts';
import type { Figures } from './figures.ts';

/** Relative difference below which two times count as equal. */
const SAME_TIME = 0.01;
/** Difference below which two shares of wasted attempts count as equal. */
const SAME_WASTE = 0.005;

/** Result of a comparison of two policies on the same work. */
export interface Comparison {
  /** Path of the better policy; null if neither is. */
  readonly better: string | null;
  readonly advice: readonly string[];
}

/** Compares two runs: lost calls count first, then time, then wasted attempts. */
export function compared(a: Figures, b: Figures): Comparison {
  const lost = ({ calls }: Figures): number => calls.failed + calls.open;
  const time = ({ finishedMs }: Figures): number => finishedMs ?? Infinity;
  const sayings: string[] = [];
  const signs: number[] = [];
  const judge = (sign: number, saying: (better: Figures, worse: Figures) => string): void => {
    signs.push(sign);
    if (sign !== 0) sayings.push(sign < 0 ? saying(a, b) : saying(b, a));
  };
  judge(Math.sign(lost(a) - lost(b)), (better, worse) => {
    const [least, most] = [lost(better), lost(worse)].map((each) => each.toLocaleString('en-US'));
    return `${better.policy} loses ${least} calls, ${worse.policy} ${most}.`;
  });
  const longer = Math.max(time(a), time(b));
  // Early failures shorten a run, so its time cannot be compared with a run that loses fewer calls.
  const timed = signs[0] === 0 && time(a) !== time(b) && Math.abs(time(a) - time(b)) > SAME_TIME * longer;
  judge(timed ? Math.sign(time(a) - time(b)) : 0, (better, worse) => {
    if (worse.finishedMs === null) return `${better.policy} finishes, ${worse.policy} does not.`;
    const saved = time(worse) - time(better);
    return `${better.policy} finishes ${duration(saved)} (${percent(saved / time(worse))}) earlier than ${worse.policy}.`;
  });
  judge(Math.abs(a.waste - b.waste) > SAME_WASTE ? Math.sign(a.waste - b.waste) : 0, (better, worse) => {
    return `${better.policy} wastes ${percent(better.waste)} of its attempts, ${worse.policy} ${percent(worse.waste)}.`;
  });
  const verdict = signs.find((sign) => sign !== 0) ?? 0;
  const better = verdict === 0 ? null : (verdict < 0 ? a : b).policy;
  const conclusion =
    better === null
      ? 'Neither policy is better for this work: lost calls, time and waste are equal.'
      : `Prefer ${better} for this work.`;
  const own = [a, b].flatMap(({ policy, advice }) => advice.slice(0, 3).map((each) => `${policy}: ${each}`));
  return { better, advice: [conclusion, ...sayings, ...own] };
}
