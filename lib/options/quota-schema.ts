/** Schema of a declared quota. */
import * as v from 'valibot';
import type { Amounts, Costs, Outcome, RequestFacts, Window } from '../words/types.ts';
import { EACH_FORM, EACH_RULE, eachFault } from './each.ts';
import { match } from './match.ts';
import type { DeclaredQuota } from './quotas.ts';
import { finiteDuration, noList, object, positive, positiveDuration, text } from './schema.ts';
import type { QuotaMatch } from './types.ts';

const WINDOW_RULE = "a duration of more than 0 ms, such as '1m'";
const WINDOWS_RULE = 'an array of { limit, per, of?, transit? }';
const COST_RULE = 'amounts by unit, such as { tokens: 1200 } or { tokens: (request) => 1200 }';
const NEAR_RULE = 'a share of the limit above 0 and up to 1, such as 0.8';
const AMOUNT_RULE = 'a number of 0 or more, or a function of the request';

/** Schema of costs: numbers or functions, by unit. */
export const costs: v.GenericSchema<Costs> = noList(
  v.record(
    text,
    v.union(
      [
        v.pipe(v.number(AMOUNT_RULE), v.finite(AMOUNT_RULE), v.minValue(0, AMOUNT_RULE)),
        v.function(AMOUNT_RULE) as unknown as v.GenericSchema<(request: RequestFacts) => number | undefined>,
      ],
      AMOUNT_RULE,
    ),
    COST_RULE,
  ),
);

const window: v.GenericSchema<unknown, Window> = v.pipe(
  object({
    limit: positive,
    per: v.pipe(positiveDuration(WINDOW_RULE), v.finite(WINDOW_RULE)),
    of: v.optional(text),
    transit: v.optional(finiteDuration()),
  }),
  // What `quota` checks, as a JSON Schema.
  v.metadata({
    if: { required: ['of'], properties: { of: { not: { const: 'requests' } } } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { properties: { transit: false } },
  }),
) as v.GenericSchema<unknown, Window>;

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
  each: v.optional(
    v.pipe(
      v.array(v.pipe(v.string(EACH_RULE), v.regex(EACH_FORM, EACH_RULE)), EACH_RULE),
      v.minLength(1, EACH_RULE),
    ),
  ),
  windows: v.optional(v.array(window, WINDOWS_RULE)),
  concurrency: v.optional(positive),
  cost: v.optional(costs),
  spent: v.optional(v.function('a function of the outcome that gives amounts by unit')),
  near: v.optional(v.pipe(v.number(NEAR_RULE), v.gtValue(0, NEAR_RULE), v.maxValue(1, NEAR_RULE))),
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
