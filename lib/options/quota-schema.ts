/** Schema of a declared quota. */
import * as v from 'valibot';
import { type CalendarUnit, isZone, longestPeriodMs } from '../time/calendar.ts';
import { parseRate, RATE_GRAMMAR, RATE_RULE } from '../time/rate.ts';
import type { Amounts, Costs, Outcome, RequestFacts, Window } from '../words/types.ts';
import { EACH_FORM, EACH_RULE, eachFault } from './each.ts';
import { match } from './match.ts';
import type { DeclaredQuota } from './quotas.ts';
import { finiteDuration, noList, object, positive, positiveDuration, text, unlike } from './schema.ts';
import type { QuotaMatch } from './types.ts';

const WINDOW_RULE = "a duration of more than 0 ms, such as '1m', or 'day' or 'month'";
const WINDOWS_RULE = 'an array of { limit, per or refill, zone?, of?, transit? }';
const SPACING_RULE = "a duration of more than 0 ms, such as '100ms'";
const ZONE_RULE = "a time zone, such as 'UTC' or 'America/Los_Angeles'";
/** Rates with an amount or a time of 0. */
const ZERO_RATE = /^[0.]+\/|\/0+[a-z]/;
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

const window: v.GenericSchema<unknown, GivenWindow> = v.pipe(
  object({
    limit: positive,
    per: v.optional(
      v.union(
        [v.picklist(['day', 'month']), v.pipe(positiveDuration(WINDOW_RULE), v.finite(WINDOW_RULE))],
        WINDOW_RULE,
      ),
    ),
    zone: v.optional(v.pipe(v.string(ZONE_RULE), v.check(isZone, ZONE_RULE))),
    refill: v.optional(
      v.pipe(v.string(RATE_RULE), v.regex(RATE_GRAMMAR, RATE_RULE), unlike(ZERO_RATE, RATE_RULE)),
    ),
    of: v.optional(text),
    transit: v.optional(finiteDuration()),
  }),
  // What `windowFault` checks, as a JSON Schema.
  v.metadata({
    allOf: [
      { oneOf: [{ required: ['per'] }, { required: ['refill'] }] },
      {
        if: { required: ['zone'] },
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
        then: { properties: { per: { enum: ['day', 'month'] } } },
      },
      {
        if: { required: ['of'], properties: { of: { not: { const: 'requests' } } } },
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
        then: { properties: { transit: false } },
      },
    ],
  }),
) as v.GenericSchema<unknown, GivenWindow>;

/** A declared window, with durations in ms. */
interface GivenWindow {
  readonly limit: number;
  readonly per?: number | CalendarUnit | undefined;
  readonly zone?: string | undefined;
  readonly refill?: string | undefined;
  readonly of?: string | undefined;
  readonly transit?: number | undefined;
}

/** A declared quota, in ms. */
interface Given {
  readonly name?: string | undefined;
  readonly match?: QuotaMatch | undefined;
  readonly also?: boolean | undefined;
  readonly each?: readonly string[] | undefined;
  readonly windows?: readonly GivenWindow[] | undefined;
  readonly spacing?: number | undefined;
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
  spacing: v.optional(v.pipe(positiveDuration(SPACING_RULE), v.finite(SPACING_RULE))),
  cost: v.optional(costs),
  spent: v.optional(v.function('a function of the outcome that gives amounts by unit')),
  near: v.optional(v.pipe(v.number(NEAR_RULE), v.gtValue(0, NEAR_RULE), v.maxValue(1, NEAR_RULE))),
}) as v.GenericSchema<unknown, Given>;

/** Schema of a declared quota: first its form, then the consistency of its parts. */
export const quota: v.GenericSchema<unknown, Given> = v.pipe(
  plain,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const { each = [], match: of, windows = [] } = dataset.value;
    for (const by of each) {
      const fault = eachFault(by, of?.path);
      if (fault) addIssue({ message: fault, input: by, path: pathTo(dataset.value, 'each', each) });
    }
    for (const [index, given] of windows.entries()) {
      const fault = windowFault(given);
      if (fault)
        addIssue({ ...fault, path: [...pathTo(dataset.value, 'windows', windows), at(windows, index)] });
    }
  }),
) as v.GenericSchema<unknown, Given>;

function pathTo(input: object, key: string, value: unknown): [v.ObjectPathItem] {
  return [{ type: 'object', origin: 'value', input: input as Record<string, unknown>, key, value }];
}

function at(input: readonly unknown[], key: number): v.ArrayPathItem {
  return { type: 'array', origin: 'value', input: [...input], key, value: input[key] };
}

/** A contradiction between the parts of a window. */
function windowFault(given: GivenWindow): { readonly message: string; readonly input: unknown } | undefined {
  const { per, refill, zone, transit, of: unit = 'requests' } = given;
  if ((per === undefined) === (refill === undefined))
    return { message: "either 'per' or 'refill'", input: given };
  if (zone !== undefined && per !== 'day' && per !== 'month')
    return { message: "no zone, unless 'per' is 'day' or 'month'", input: zone };
  return transit === undefined || unit === 'requests'
    ? undefined
    : { message: `no transit in a window of ${unit}, where an attempt counts until it ends`, input: transit };
}

/** Converts a declared window to the gate's form. */
function windowOf({ limit, per = 0, zone, refill, ...rest }: GivenWindow): Window {
  if (refill !== undefined)
    return { limit, per: limit / (parseRate(refill) as number), kind: 'bucket', ...rest };
  if (typeof per === 'number') return { limit, per, ...rest };
  return { limit, per: longestPeriodMs(per, zone), kind: per, ...(zone !== undefined && { zone }), ...rest };
}

/** Converts a checked quota to the gate's form. */
export function declared({
  match: of = {},
  windows = [],
  also = false,
  each = [],
  ...rest
}: Given): DeclaredQuota {
  const { name, concurrency, spacing, cost, spent, near } = rest;
  const all = windows.map(windowOf);
  if (spacing !== undefined) all.push({ limit: 1, per: spacing, kind: 'spacing' });
  return { name, match: of, windows: all, concurrency, also, each, cost, spent, near };
}
