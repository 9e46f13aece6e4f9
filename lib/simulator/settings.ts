import * as v from 'valibot';
import { check, count, duration, object, positive, text } from '../options/schema.ts';
import { DURATION_RULE } from '../time/duration.ts';
import type { SimulatorOptions } from './types.ts';

/** Checked {@link SimulatorOptions} with defaults; quotas and faults are checked where they are used. */
export interface SimulatorSettings
  extends Omit<SimulatorOptions, 'timeScale' | 'tokenLife' | 'retryAfter' | 'auth' | 'seed'> {
  readonly timeScale: number;
  /** In simulated time. */
  readonly tokenLifeMs: number;
  readonly retryAfter: NonNullable<SimulatorOptions['retryAfter']>;
  readonly auth: boolean | undefined;
  readonly seed: number;
}

const DEFAULT_TOKEN_LIFE_MS = 3_599_000;
const SCALE_RULE = 'a number above 0';
const LATENCY_RULE = 'ms of 0 or more, or [from, to]';

const ms = v.pipe(v.number(LATENCY_RULE), v.minValue(0, LATENCY_RULE), v.finite(LATENCY_RULE));
const options = object({
  timeScale: v.optional(
    v.pipe(
      v.number(SCALE_RULE),
      v.check((scale) => scale > 0 && scale < Infinity, SCALE_RULE),
    ),
  ),
  quotas: v.optional(v.array(v.any(), 'an array of quotas')),
  retryAfter: v.optional(v.picklist(['header', 'precise', 'message', 'silent'])),
  faults: v.optional(v.array(v.any(), 'an array of faults')),
  latency: v.optional(v.union([ms, v.tuple([ms, ms], LATENCY_RULE)], LATENCY_RULE)),
  capacity: v.optional(positive),
  auth: v.optional(v.boolean('true or false')),
  clientId: v.optional(text),
  clientSecret: v.optional(v.string('text')),
  tokenLife: v.optional(duration(DURATION_RULE)),
  machines: v.optional(count(0)),
  alerts: v.optional(count(0)),
  pageSize: v.optional(positive),
  seed: v.optional(v.number('a number')),
});

/** Throws `OptionsError`. */
export function readSimulatorOptions(given: SimulatorOptions): SimulatorSettings {
  const {
    timeScale = 1,
    tokenLife,
    retryAfter = 'header',
    seed = 1,
    ...rest
  } = check(options, given, 'simulate');
  // Naming a client for the token endpoint implies that a token is required.
  const { auth = rest.clientId !== undefined || rest.clientSecret !== undefined ? true : undefined } = rest;
  const defined = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return { ...defined, timeScale, tokenLifeMs: tokenLife ?? DEFAULT_TOKEN_LIFE_MS, retryAfter, auth, seed };
}
