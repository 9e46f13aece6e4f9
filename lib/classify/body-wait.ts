/** Reads the wait in the fields of an error body. */
import type { ErrorObject } from './error-fields.ts';
import { durationMs, untilDate, waitOrEpochMs } from './moment.ts';

/**
 * Fields that hold a wait or a moment, by the unit of a plain number; names as in `ErrorObject.fields`. In seconds:
 * `retry_after` of Discord, Slack, Dropbox, Telegram and AWS, `retryDelay` of google.rpc.RetryInfo, `retry_in_seconds` of
 * monday.com, `backoff` of Stack Exchange, `backoff_seconds` of Infura, `reset` in Vercel's `limit`, `RateLimitResetTime`
 * of Sellercloud, `X-RateLimit-Reset` in OpenRouter's metadata. In ms: `retry_after_ms` of Matrix, `BackOffMilliseconds` of
 * Exchange.
 *
 * Sources: https://cloud.google.com/apis/design/errors, https://developer.monday.com/api-reference/docs/error-handling,
 * https://api.stackexchange.com/docs/throttle, https://docs.metamask.io/services/how-to/avoid-rate-limiting,
 * https://vercel.com/docs/rest-api#rate-limits, https://developer.sellercloud.com/dev-article/rest-api-rate-limiting,
 * https://openrouter.ai/docs/api-reference/limits, https://spec.matrix.org/latest/client-server-api/#rate-limiting,
 * https://learn.microsoft.com/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange
 */
const WAITS: readonly (readonly [unitMs: number, names: readonly string[]])[] = [
  [
    1000,
    `retryafter retryafterseconds retryaftersecs retryaftersec retrydelay retryinseconds retryin retryat backoff
    backoffseconds resetafter resetsinseconds resetin resetat resetsat waitseconds reset ratelimitresettime
    xratelimitreset`.split(/\s+/),
  ],
  [1, 'retryafterms retryaftermilliseconds backoffmilliseconds resetms'.split(' ')],
];

/** Maximum wait, in ms; longer waits than a month are ignored. */
const MAX_WAIT_MS = 31 * 86_400_000;

/** The longest wait that an error's fields name, in ms; `undefined` if they name none. */
export function bodyWaitMs(objects: readonly ErrorObject[], now: number): number | undefined {
  let longest: number | undefined;
  for (const { fields } of objects) {
    for (const [unitMs, names] of WAITS) {
      for (const name of names) {
        const value = fields.get(name);
        const ms = value === undefined ? undefined : waitIn(value, unitMs, now);
        if (ms !== undefined && ms > 0 && ms <= MAX_WAIT_MS) longest = Math.max(longest ?? 0, Math.ceil(ms));
      }
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
