import { parseDuration } from './duration.ts';

/** Rates that `parseRate` accepts, as an error message describes them. */
export const RATE_RULE: string = "a rate above 0, such as '25/s', '1000/m' or '5/10s'";

/** An amount and a time: a unit, optionally with a number. */
export const RATE_GRAMMAR: RegExp = /^\d+(?:\.\d+)?\/\d*(?:ms|s|m|h|d)$/;

/** The amount per ms of a rate such as `25/s`, `1000/m` or `5/10s`; `undefined` if it is invalid. */
export function parseRate(rate: string): number | undefined {
  if (!RATE_GRAMMAR.test(rate)) return undefined;
  const slash = rate.indexOf('/');
  const time = rate.slice(slash + 1);
  const amount = Number(rate.slice(0, slash)) / (parseDuration(/^\d/.test(time) ? time : `1${time}`) ?? 0);
  return amount > 0 && amount < Infinity ? amount : undefined;
}
