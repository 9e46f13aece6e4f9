/** Schema of a declared quota. */
import * as v from 'valibot';
import { DURATION_RULE } from '../time/duration.ts';
import type { Amounts, Costs, Outcome, RequestFacts, Window } from '../words/types.ts';
import { EACH_RULE, eachFault } from './each.ts';
import { match } from './match.ts';
import type { DeclaredQuota } from './quotas.ts';
import { duration, object, positive, text } from './schema.ts';
import type { QuotaMatch } from './types.ts';

const WINDOW_RULE = "a duration of more than 0 ms, such as '1m'";
const WINDOWS_RULE = 'an array of { limit, per, of?, transit? }';
const COST_RULE = 'amounts by unit, such as { tokens: 1200 } or { tokens: (request) => 1200 }';
const AMOUNT_RULE = 'a number of 0 or more, or a function of the request';

const isAmount = (amount: unknown): boolean => typeof amount === 'number' && amount >= 0 && amount < Infinity;

/** Schema of costs: numbers or functions, by unit. */
export const costs: v.GenericSchema<Costs> = v.record(
  text,
  v.custom<number | ((request: RequestFacts) => number | undefined)>(
    (amount) => typeof amount === 'function' || isAmount(amount),
    AMOUNT_RULE,
  ),
  COST_RULE,
);

const window: v.GenericSchema<unknown, Window> = object({
  limit: positive,
  per: v.pipe(
    duration(WINDOW_RULE),
    v.check((ms) => ms > 0 && ms < Infinity, WINDOW_RULE),
  ),
  of: v.optional(text),
  transit: v.optional(
    v.pipe(
      duration(),
      v.check((ms) => ms < Infinity, DURATION_RULE),
    ),
  ),
}) as v.GenericSchema<unknown, Window>;

/** A declared quota, in ms. */
interface Given {
  readonly name?: string | undefined;
  readonly match?: QuotaMatch | undefined;
  readonly also?: boolean | undefined;
  readonly each?: readonly string[] | undefined;
  readonly windows?: readonly Window[] | undefined;
  readonly concurrency?: number | undefined;
  readonly cost?: Costs | undefined;
  readonly spent?: ((outcome: Outcome) => Amounts | undefined) | undefined;
  readonly near?: number | undefined;
}

const plain: v.GenericSchema<unknown, Given> = object({
  name: v.optional(text),
  match: v.optional(match),
  also: v.optional(v.boolean('true or false')),
  each: v.optional(v.pipe(v.array(v.string(EACH_RULE), EACH_RULE), v.minLength(1, EACH_RULE))),
  windows: v.optional(v.array(window, WINDOWS_RULE)),
  concurrency: v.optional(positive),
  cost: v.optional(costs),
  spent: v.optional(
    v.custom<(outcome: Outcome) => Amounts | undefined>(
      (given) => typeof given === 'function',
      'a function of the outcome that gives amounts by unit',
    ),
  ),
  near: v.optional(
    v.custom<number>(
      (share) => typeof share === 'number' && share > 0 && share <= 1,
      'a share of the limit above 0 and up to 1, such as 0.8',
    ),
  ),
}) as v.GenericSchema<unknown, Given>;

/** Schema of a declared quota: its form, then what its parts say about each other. */
export const quota: v.GenericSchema<unknown, Given> = v.pipe(
  plain,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const { each = [], match: of, windows = [] } = dataset.value;
    for (const by of each) {
      const fault = eachFault(by, of?.path);
      if (fault) addIssue({ message: fault, input: by, path: pathTo(dataset.value, 'each', each) });
    }
    for (const { transit, of: unit = 'requests' } of windows) {
      if (transit === undefined || unit === 'requests') continue;
      const message = `no transit in a window of ${unit}: an attempt counts there until it ends`;
      addIssue({ message, input: transit, path: pathTo(dataset.value, 'windows', windows) });
    }
  }),
) as v.GenericSchema<unknown, Given>;

function pathTo(input: object, key: string, value: unknown): [v.ObjectPathItem] {
  return [{ type: 'object', origin: 'value', input: input as Record<string, unknown>, key, value }];
}

/** A checked quota. */
export function declared({
  match: of = {},
  windows = [],
  also = false,
  each = [],
  ...rest
}: Given): DeclaredQuota {
  const { name, concurrency, cost, spent, near } = rest;
  return { name, match: of, windows, concurrency, also, each, cost, spent, near };
}
