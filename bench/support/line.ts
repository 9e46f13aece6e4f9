/** One result of `npm run bench`. */
export interface Line {
  /** What was done, e.g. `got, one after another`. */
  readonly work: string;
  readonly who: string;
  /** For people. */
  readonly result: string;
  /** The same as numbers, for the JSON; names end in their unit. */
  readonly data: Readonly<Record<string, number>>;
}

/** Tells one part's results to the process that started it, and ends: what is measured may keep timers. */
export function tell(lines: readonly Line[]): void {
  if (process.send) {
    process.send(lines, () => process.exit());
    return;
  }
  for (const { work, who, result } of lines) console.log(`${work} | ${who} | ${result}`);
  process.exit();
}

/** A number for people: three digits that count, and thousands apart. */
export function round(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 });
}
