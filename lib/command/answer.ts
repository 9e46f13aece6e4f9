import { writeFileSync } from 'node:fs';

/** Exit codes of the command. `docs/command.md` documents them. */
export const EXIT = {
  /** Done, and nothing to object to. */
  OK: 0,
  /** Done, and the answer is no: an invalid policy, calls that failed, limits that stayed unknown. */
  NO: 1,
  /** The command was called wrongly, or what it was given cannot be read. */
  USAGE: 2,
  /** Something outside failed: a file cannot be written, an endpoint cannot be reached. */
  OUTSIDE: 3,
} as const;

/** What a subcommand answers. */
export interface Answer {
  /** For `--json`. */
  readonly json: unknown;
  /** For people, in lines of at most `width`. */
  readonly text: string;
  readonly exit: (typeof EXIT)[keyof typeof EXIT];
}

/** What a subcommand needs to know of its surroundings. */
export interface Surroundings {
  /** Width of the text, in columns. */
  readonly width: number;
  /** Text of the standard input, for `-`. */
  readonly stdin: () => Promise<string>;
  /** Tells people something on the standard error at once; nothing with `--json`. */
  readonly aside: (text: string) => void;
}

/** Something outside failed. */
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
