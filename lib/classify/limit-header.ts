/** What the name of a rate-limit header says: the policy, the policy's unit and window, and the header's role. */
export interface LimitHeader {
  /** Identifies the headers that belong together. */
  readonly family: string;
  readonly role: 'limit' | 'remaining' | 'reset' | 'window' | 'bucket';
  /** Unit of the policy; absent for requests. */
  readonly unit: string | undefined;
  /** Length of the window that the name states, in ms. */
  readonly windowMs: number | undefined;
  /** Unit of a reset or window without its own, in ms. */
  readonly unitMs: number;
}

const ROLES: ReadonlyMap<string, LimitHeader['role']> = new Map<string, LimitHeader['role']>([
  ['limit', 'limit'],
  ['max', 'limit'],
  // https://docs.bigcommerce.com/developer/docs/overview/api-fundamentals/rate-limits
  ['quota', 'limit'],
  ['left', 'remaining'],
  ['remaining', 'remaining'],
  ['remain', 'remaining'],
  ['reset', 'reset'],
  ['resets', 'reset'],
  // https://docs.developer.yelp.com/docs/fusion-rate-limiting
  ['resettime', 'reset'],
  // https://techdocs.akamai.com/cloudlets/v2/reference/rate-limits
  ['next', 'reset'],
  ['interval', 'window'],
  ['period', 'window'],
  ['window', 'window'],
]);

/** Words that qualify a role and identify no policy. */
const QUALIFIERS: ReadonlySet<string> = new Set(
  'after in at time timestamp ms milliseconds s sec secs seconds utc epoch'.split(' '),
);
/** `gw` begins KuCoin's names, whose reset is in ms: https://www.kucoin.com/docs-new/rate-limit */
const MS: ReadonlySet<string> = new Set(['ms', 'milliseconds', 'gw']);

const WINDOWS: ReadonlyMap<string, number> = new Map([
  ['second', 1000],
  ['secondly', 1000],
  ['minute', 60_000],
  ['hour', 3_600_000],
  ['hourly', 3_600_000],
  ['day', 86_400_000],
  ['daily', 86_400_000],
  ['24hour', 86_400_000],
]);

/** Units other than requests. */
const UNIT = /token|complexity|point|cost|credit|byte|bandwidth|size|cpu|qpu|unit/;

/**
 * Pattern of rate-limit headers, once `rate-limit` is written `ratelimit`, and of the APIs that use other words.
 *
 * Sources: https://developers.eveonline.com/docs/services/esi/best-practices/ (`x-esi-error-limit-remain`),
 * https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests
 * (`x-ms-user-quota-resets-after`), https://engineering.toggl.com/docs (`x-toggl-quota-resets-in`),
 * https://docs.x.com/x-api/fundamentals/rate-limits (`x-app-limit-24hour-reset`).
 */
const MARK = /ratelimit|-quota-|^x-(?:esi-error-limit|app-limit|user-limit)-/;

/**
 * Headers that name the bucket that a request drew on.
 *
 * Sources: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api (resource),
 * https://discord.com/developers/docs/topics/rate-limits (bucket), https://docs.datadoghq.com/api/latest/rate-limits
 * (name), https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits (ratelimit-name),
 * https://developers.zoom.us/docs/api/rate-limits (category), https://developers.eveonline.com and
 * https://developers.ringcentral.com/guide/basics/rate-limits (group).
 */
export const BUCKETS: readonly string[] = [
  'x-ratelimit-resource',
  'x-ratelimit-bucket',
  'x-ratelimit-name',
  'ratelimit-name',
  'x-ratelimit-group',
  'x-rate-limit-group',
  'x-ratelimit-category',
];

/** Maximum number of words in a name. */
const MAX_WORDS = 12;
const MAX_NAME = 100;

/** Cache of parsed names, which repeat with each response; bounded, because servers choose them. */
const parsed = new Map<string, LimitHeader | null>();
const MAX_PARSED = 500;

/** Reads a header's name, in lower case; `null` if the header states no rate limit. */
export function limitHeader(name: string): LimitHeader | null {
  const known = parsed.get(name);
  if (known !== undefined) return known;
  const header = name.length > MAX_NAME ? null : parse(name);
  if (parsed.size < MAX_PARSED) parsed.set(name, header);
  return header;
}

/**
 * The role is the last word that names one: `x-ratelimit-remaining-tokens`, `anthropic-ratelimit-tokens-remaining`,
 * `x-app-limit-24hour-remaining`. The other words identify the policy.
 */
function parse(name: string): LimitHeader | null {
  if (BUCKETS.includes(name)) {
    return { family: '', role: 'bucket', unit: undefined, windowMs: undefined, unitMs: 1000 };
  }
  const flat = name.replace('rate-limit', 'ratelimit');
  if (!MARK.test(flat)) return null;
  const words = flat.split('-');
  const at = words.findLastIndex((word) => ROLES.has(word));
  const role = ROLES.get(words[at] ?? '');
  if (role === undefined || words.length > MAX_WORDS || words.includes('retry')) return null;
  const others = words.filter((word, index) => index !== at && !QUALIFIERS.has(word));
  const named = others.slice(others.indexOf('ratelimit') + 1);
  const counted = named.filter((word) => !WINDOWS.has(word));
  const window = named.find((word) => WINDOWS.has(word));
  return {
    family: others.join('-'),
    role,
    unit: counted.some((word) => UNIT.test(word)) ? counted.join('-') : undefined,
    windowMs: window === undefined ? undefined : WINDOWS.get(window),
    unitMs: words.some((word) => MS.has(word)) ? 1 : 1000,
  };
}
