import { writeFileSync } from 'node:fs';

/** Exit codes of the command. `docs/command.md` documents them. */
export const EXIT = {
  /** Done, without objection. */
  OK: 0,
  /** Done, and the answer is no: an invalid policy, calls that failed, limits that stayed unknown. */
  NO: 1,
  /** Wrong usage, or unreadable input. */
  USAGE: 2,
  /** An external failure: a file cannot be written, an endpoint cannot be reached. */
  OUTSIDE: 3,
} as const;

/** Answer of a subcommand. */
export interface Answer {
  /** Output with `--json`. */
  readonly json: unknown;
  /** Output without `--json`, in lines of at most `width`. */
  readonly text: string;
  readonly exit: (typeof EXIT)[keyof typeof EXIT];
}

/** Environment of a subcommand. */
export interface Surroundings {
  /** Width of the text, in columns. */
  readonly width: number;
  /** Text of standard input, for `-`. */
  readonly stdin: () => Promise<string>;
  /** Prints a message on standard error at once; prints nothing with `--json`. */
  readonly aside: (text: string) => void;
}

/** An external failure. */
export class OutsideError extends Error {
  override readonly name = 'OutsideError';
}

/** Writes a page. Throws `OutsideError`. */
export function writeReport(file: string, page: string): void {
  try {
    writeFileSync(file, page);
  } catch (error) {
    throw new OutsideError(`The report cannot be written to ${file}: ${(error as Error).message}`);
  }
}
