/** Reads the wait in the fields of an error body. */
import type { ErrorObject } from './error-fields.ts';
import { durationMs, untilDate, waitOrEpochMs } from './moment.ts';

/** Fields that hold a wait or a moment, with the unit of a plain number in ms; names as in `ErrorObject.fields`. */
const WAITS: readonly (readonly [name: string, unitMs: number])[] = [
  // Discord, Slack, Dropbox, Telegram, Salesforce Marketing Cloud, AWS.
  ['retryafter', 1000],
  ['retryafterseconds', 1000],
  ['retryaftersecs', 1000],
  ['retryaftersec', 1000],
  // Matrix: https://spec.matrix.org/latest/client-server-api/#rate-limiting
  ['retryafterms', 1],
  ['retryaftermilliseconds', 1],
  // https://cloud.google.com/apis/design/errors: google.rpc.RetryInfo
  ['retrydelay', 1000],
  // https://developer.monday.com/api-reference/docs/error-handling
  ['retryinseconds', 1000],
  ['retryin', 1000],
  ['retryat', 1000],
  // https://learn.microsoft.com/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange
  ['backoffmilliseconds', 1],
  // https://api.stackexchange.com/docs/throttle
  ['backoff', 1000],
  ['resetafter', 1000],
  ['resetsinseconds', 1000],
  ['resetin', 1000],
  ['resetat', 1000],
  ['resetsat', 1000],
  ['waitseconds', 1000],
  // https://vercel.com/docs/rest-api#rate-limits: an error's `limit`
  ['reset', 1000],
  ['resetms', 1],
  // https://openrouter.ai/docs/api-reference/limits: headers of the provider, in the error's metadata
  ['xratelimitreset', 1000],
];

/** Maximum wait, in ms; longer waits than a month are ignored. */
const MAX_WAIT_MS = 31 * 86_400_000;

/** The longest wait that an error's fields name, in ms; `undefined` if they name none. */
export function bodyWaitMs(objects: readonly ErrorObject[], now: number): number | undefined {
  let longest: number | undefined;
  for (const { fields } of objects) {
    for (const [name, unitMs] of WAITS) {
      const value = fields.get(name);
      const ms = value === undefined ? undefined : waitIn(value, unitMs, now);
      if (ms !== undefined && ms > 0 && ms <= MAX_WAIT_MS) longest = Math.max(longest ?? 0, Math.ceil(ms));
    }
  }
  return longest ?? costWaitMs(objects);
}

function waitIn(value: unknown, unitMs: number, now: number): number | undefined {
  if (typeof value === 'number') return waitOrEpochMs(value, unitMs, now);
  if (typeof value !== 'string' || value.length > 40) return undefined;
  if (/^\d+(?:\.\d+)?$/.test(value)) return waitOrEpochMs(Number(value), unitMs, now);
  return untilDate(value, now) ?? durationMs(value);
}

/**
 * Shopify's GraphQL names points instead of a wait: (requested − available) / restore rate.
 *
 * Source: https://shopify.dev/docs/api/usage/limits
 */
function costWaitMs(objects: readonly ErrorObject[]): number | undefined {
  const number = (name: string): number | undefined => {
    const value = objects.find(({ fields }) => typeof fields.get(name) === 'number')?.fields.get(name);
    return value as number | undefined;
  };
  const missing = (number('requestedquerycost') ?? Number.NaN) - (number('currentlyavailable') ?? Number.NaN);
  const ms = (missing / (number('restorerate') ?? Number.NaN)) * 1000;
  return ms > 0 && ms <= MAX_WAIT_MS ? Math.ceil(ms) : undefined;
}
