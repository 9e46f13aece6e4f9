/**
 * Parses the three forms of HTTP-date strictly by RFC 9110, section 5.6.7. `Date.parse` is no substitute: it accepts
 * `1`, `2026` and dates in local time.
 */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Forms of HTTP-date. The weekday is not checked against the date: rejecting a mismatch would only lose the wait. */
const FORMS = [
  // IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT; or with another name of its zone, as RFC 5322 and some servers write it
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\d{2}) (?<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (?<year>\d{4}) (?<hour>[01]\d|2[0-3]):(?<minute>[0-5]\d):(?<second>[0-5]\d|60) (?:GMT|UTC|[+-]0000)$/,
  // RFC 850: Sunday, 06-Nov-94 08:49:37 GMT
  /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\d{2})-(?<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-(?<year>\d{2}) (?<hour>[01]\d|2[0-3]):(?<minute>[0-5]\d):(?<second>[0-5]\d|60) GMT$/,
  // asctime: Sun Nov  6 08:49:37 1994
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (?<day>[ \d]\d) (?<hour>[01]\d|2[0-3]):(?<minute>[0-5]\d):(?<second>[0-5]\d|60) (?<year>\d{4})$/,
];

/** Maximum length of an HTTP-date: `Wednesday, 06-Nov-94 08:49:37 GMT`. */
const MAX_LENGTH = 33;

/**
 * Unix ms of an HTTP-date; `undefined` if the text is not one.
 *
 * @param now Unix ms; decides the century of a two-digit year.
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  for (const form of FORMS) {
    const fields = form.exec(text)?.groups;
    if (fields === undefined) continue;
    const { year = '', month = '', day, hour, minute, second } = fields;
    const inYear = (fullYear: number) =>
      moment(fullYear, MONTHS.indexOf(month), Number(day), Number(hour), Number(minute), Number(second));
    return year.length === 4 ? inYear(Number(year)) : inCentury(Number(year), inYear, now);
  }
  return undefined;
}

/**
 * RFC 9110: a two-digit year that appears to be more than 50 years ahead means the most recent past year with these
 * digits. That is the latest such year at most 50 years ahead.
 */
function inCentury(digits: number, inYear: (fullYear: number) => number | undefined, now: number) {
  const horizon = new Date(now);
  const lastYear = horizon.getUTCFullYear() + 50;
  const limit = horizon.setUTCFullYear(lastYear);
  const year = lastYear - ((((lastYear - digits) % 100) + 100) % 100);
  const date = inYear(year);
  return date !== undefined && date > limit ? inYear(year - 100) : date;
}

/** Unix ms; `undefined` for a day its month does not have. A leap second counts as the following second. */
function moment(year: number, month: number, day: number, hour: number, minute: number, second: number) {
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return undefined;
  return date.setUTCHours(hour, minute, second);
}
