/**
 * Reads the wait in the message of a 429: the only use of the API's free text, and only if no header names the wait.
 * Both wordings, as captured (microsoft-365-docs#4616 of 2021; minemeld-wd-atp of 2022):
 *
 *     API calls quota exceeded! maximum allowed 45 per 00:01:00
 *     API calls quota exceeded! Maximum allowed 30 per 00:01:00 for the key Destination+TenantID+AppID. You can
 *     send requests again in 8 seconds.
 */

const AGAIN = /\bagain in (\d{1,9}) seconds?\b/i;

/** The window as a .NET TimeSpan, `[d.]hh:mm:ss`. */
const WINDOW = /\bper (?:(\d{1,3})\.)?(\d{1,2}):(\d{2}):(\d{2})(?![\d:])/i;

/**
 * ms to wait according to a message; `undefined` if it names no wait.
 *
 * A message that names only the window gives an upper bound: whether windows are fixed or rolling, the quota is open
 * again one whole window after the last call. The function returns that bound, because a shorter wait would be a guess,
 * and refused calls probably count against the quota.
 */
export function waitInText(message: string | undefined): number | undefined {
  const seconds = AGAIN.exec(message ?? '')?.[1];
  if (seconds !== undefined) return Number(seconds) * 1000;
  const window = WINDOW.exec(message ?? '');
  if (window === null) return undefined;
  const [days = 0, h = 0, m = 0, s = 0] = window.slice(1).map((part) => Number(part ?? 0));
  return (((days * 24 + h) * 60 + m) * 60 + s) * 1000 || undefined;
}
