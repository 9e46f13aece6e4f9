/**
 * The wait in the message of a 429, the one place where the API's free text is read, and only when no header
 * tells the wait. Both spellings, as captured (microsoft-365-docs#4616 of 2021; minemeld-wd-atp of 2022):
 *
 *     API calls quota exceeded! maximum allowed 45 per 00:01:00
 *     API calls quota exceeded! Maximum allowed 30 per 00:01:00 for the key Destination+TenantID+AppID. You can
 *     send requests again in 8 seconds.
 */

const AGAIN = /\bagain in (\d{1,9}) seconds?\b/i;

/** The window as a .NET TimeSpan, `[d.]hh:mm:ss`. */
const WINDOW = /\bper (?:(\d{1,3})\.)?(\d{1,2}):(\d{2}):(\d{2})(?![\d:])/i;

/**
 * ms to wait by a message's own words, or `undefined` when it has none.
 *
 * A message that names only the window bounds the wait from above: whether windows are fixed or rolling, the
 * quota is open again one whole window after the last call. That bound is what is returned, because waiting less
 * would be a guess, and refused calls are thought to count against the quota.
 */
export function waitInText(message: string | undefined): number | undefined {
  const seconds = AGAIN.exec(message ?? '')?.[1];
  if (seconds !== undefined) return Number(seconds) * 1000;
  const window = WINDOW.exec(message ?? '');
  if (window === null) return undefined;
  const [days = 0, h = 0, m = 0, s = 0] = window.slice(1).map((part) => Number(part ?? 0));
  return (((days * 24 + h) * 60 + m) * 60 + s) * 1000 || undefined;
}
