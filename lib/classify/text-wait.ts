/** Reads the wait in free text: "Try again in 20s", "after '372' seconds", "Retry after 2026-01-15T12:14:00.000Z". */
import { durationMs, untilDate } from './moment.ts';

/** Words that announce a wait. */
const CUE =
  /\b(?:again|retry|retried|available|replenished|renewed|refreshed|resets?|wait|lifted|resume)\b/gi;
/** Maximum number of cues examined, and of characters after each. */
const MAX_CUES = 20;
const REACH = 160;

/** Words that may stand between a cue and its wait. */
const FILLERS: ReadonlySet<string> = new Set(
  'in after at for on until within about approximately least another the your it request requests be will'.split(
    ' ',
  ),
);
const MAX_FILLERS = 4;

const UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['millisecond', 1],
  ['s', 1000],
  ['sec', 1000],
  ['second', 1000],
  ['m', 60_000],
  ['min', 60_000],
  ['minute', 60_000],
  ['h', 3_600_000],
  ['hr', 3_600_000],
  ['hour', 3_600_000],
  ['d', 86_400_000],
  ['day', 86_400_000],
]);

/** Maximum number of characters read from a message, and of parts of a wait (`1 hour and 5 minutes`). */
const MAX_CHARACTERS = 2000;
const MAX_PARTS = 4;
/** Maximum wait, in ms; longer waits than a month are ignored. */
const MAX_WAIT_MS = 31 * 86_400_000;

const NUMBER = /^\d{1,9}(?:\.\d{1,12})?$/;
const DATE = /^\d{4}-\d\d-\d\d$/;
const ZONE = /^(?:UTC|GMT|Z|[+-]\d\d:?\d\d)$/;

/**
 * The longest wait that a message names, in ms; `undefined` if it names none. A number without a unit is no wait.
 *
 * @param now server's wall clock (Unix ms)
 */
export function textWaitMs(message: string, now: number): number | undefined {
  const text = message.slice(0, MAX_CHARACTERS);
  let longest: number | undefined;
  let cues = 0;
  for (const { index, 0: cue } of text.matchAll(CUE)) {
    if (++cues > MAX_CUES) break;
    const after = index + cue.length;
    const words = text
      .slice(after, after + REACH)
      .split(/\s+/)
      .map(bare);
    // The first word is empty if a space or punctuation follows the cue.
    let at = words[0] === '' ? 1 : 0;
    for (let fillers = 0; fillers < MAX_FILLERS && FILLERS.has((words[at] ?? '').toLowerCase()); fillers++)
      at++;
    const ms = amountAt(words, at, now);
    if (ms !== undefined && ms > 0 && ms <= MAX_WAIT_MS) longest = Math.max(longest ?? 0, Math.ceil(ms));
  }
  return longest;
}

/** Strips quotes and punctuation around a word. */
function bare(word: string): string {
  let start = 0;
  let end = word.length;
  while (start < end && `'"\`(~[`.includes(word.charAt(start))) start++;
  while (end > start && `'"\`)].,;:!?`.includes(word.charAt(end - 1))) end--;
  return word.slice(start, end);
}

function amountAt(words: readonly string[], at: number, now: number): number | undefined {
  const word = words[at] ?? '';
  if (DATE.test(word)) {
    const zone = words[at + 2] ?? '';
    const time = words[at + 1] ?? '';
    return untilDate(ZONE.test(zone) ? `${word} ${time} ${zone}` : `${word} ${time}`, now);
  }
  return untilDate(word, now) ?? durationMs(word) ?? inWords(words, at);
}

/** `5 minutes`, `23 hours, 57 minutes and 54 seconds`, `a minute`. */
function inWords(words: readonly string[], from: number): number | undefined {
  let ms: number | undefined;
  let at = from;
  for (let part = 0; part < MAX_PARTS; part++) {
    if (part > 0 && words[at] === 'and') at++;
    const word = words[at] ?? '';
    const amount = NUMBER.test(word)
      ? Number(word)
      : word === 'a' || word === 'an' || word === 'one'
        ? 1
        : undefined;
    // Imgur: "wait 12 more minutes".
    if (words[at + 1] === 'more') at++;
    const unit = UNITS.get((words[at + 1] ?? '').toLowerCase().replace(/(?<=..)s$|\(s\)?$/, ''));
    if (amount === undefined || unit === undefined) break;
    ms = (ms ?? 0) + amount * unit;
    at += 2;
  }
  return ms;
}
