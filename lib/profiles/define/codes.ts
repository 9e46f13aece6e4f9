import type { Classification, Headers, Outcome } from '../../words/types.ts';
import type { CodeDefinition } from './definition.ts';
import { listOf, Requests } from './requests.ts';
import type { PathForm } from './routes.ts';

/** What the tables need to know of an error. */
export interface ErrorFacts {
  readonly outcome: Outcome;
  readonly code: string | undefined;
  readonly message: string | undefined;
  /** True if the answer has no error body. */
  readonly bare: boolean;
}

/** A compiled definition. */
interface Entry {
  readonly definition: CodeDefinition;
  readonly codes: ReadonlySet<string>;
  readonly statuses: readonly number[];
  readonly requests: Requests<true> | undefined;
  readonly header: readonly [name: string, value: string | undefined] | undefined;
}

/** The meaning of an API's errors. */
export class Codes {
  readonly #entries: readonly Entry[];
  /** The first definition of each code that has no further condition. */
  readonly #byCode = new Map<string, Entry>();
  /** Codes that may come with a status below 400, and are errors there. */
  readonly #ofSuccess = new Set<string>();

  constructor(definitions: readonly CodeDefinition[], form: PathForm) {
    this.#entries = definitions.map((definition) => compile(definition, form));
    for (const entry of this.#entries) {
      for (const code of entry.codes) {
        if (isPlain(entry.definition) && !this.#byCode.has(code)) this.#byCode.set(code, entry);
        if (entry.statuses.some((status) => status < 400)) this.#ofSuccess.add(code);
      }
    }
  }

  /** True if errors may come with a status below 400. */
  get ofSuccess(): boolean {
    return this.#ofSuccess.size > 0;
  }

  /** True if the code is an error even with a status below 400. */
  isErrorOfSuccess(code: string | undefined): boolean {
    return code !== undefined && this.#ofSuccess.has(code.toLowerCase());
  }

  knows(code: string | undefined): boolean {
    return code !== undefined && this.#byCode.has(code.toLowerCase());
  }

  /** The first definition that fits. */
  find(facts: ErrorFacts): CodeDefinition | undefined {
    const status = this.#statusOf(facts);
    return this.#entries.find((entry) => fits(entry, facts, status))?.definition;
  }

  /**
   * Advice if the code is absent or unknown: taken from the first code of the same status and verdict, which is the most
   * general. Codes with several statuses are left out.
   */
  adviceFor(status: number, verdict: Classification['verdict']): string | undefined {
    return this.#entries.find(
      ({ statuses, definition }) =>
        isPlain(definition) &&
        definition.status === status &&
        statuses.length === 1 &&
        definition.verdict === verdict,
    )?.definition.advice;
  }

  /** The answer's status, unless the table lists only others for the code. */
  #statusOf({ outcome: { status }, code }: ErrorFacts): number | undefined {
    const known = code === undefined ? undefined : this.#byCode.get(code.toLowerCase());
    if (!known || known.statuses.length === 0) return status;
    return status !== undefined && known.statuses.includes(status) ? status : known.statuses[0];
  }
}

function compile(definition: CodeDefinition, form: PathForm): Entry {
  const { code, status, match, header } = definition;
  const requests = match && new Requests<true>(form);
  requests?.add(match, true);
  const colon = header?.indexOf(':') ?? -1;
  return {
    definition,
    codes: new Set(listOf(code).map((each) => each.toLowerCase())),
    statuses: listOf(status),
    requests,
    header:
      header === undefined
        ? undefined
        : colon < 0
          ? [header.toLowerCase(), undefined]
          : [header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim()],
  };
}

/** True if a definition has no condition besides code and status. */
function isPlain({ match, message, header, bare }: CodeDefinition): boolean {
  return match === undefined && message === undefined && header === undefined && bare === undefined;
}

function fits(
  entry: Entry,
  { outcome, code, message, bare }: ErrorFacts,
  status: number | undefined,
): boolean {
  const { definition, codes, statuses, requests, header } = entry;
  if (codes.size > 0) {
    if (code === undefined || !codes.has(code.toLowerCase())) return false;
  } else if (statuses.length > 0 && (status === undefined || !statuses.includes(status))) return false;
  if (requests && !requests.find(outcome.request)) return false;
  if (definition.message && !definition.message.test(message ?? '')) return false;
  // HEAD never has a body.
  if (definition.bare !== undefined && (definition.bare !== bare || outcome.request.method === 'HEAD'))
    return false;
  return header === undefined || hasHeader(outcome.headers, header);
}

function hasHeader(
  headers: Headers | undefined,
  [name, value]: readonly [string, string | undefined],
): boolean {
  const given = listOf(headers?.[name]);
  return value === undefined ? given.length > 0 : given.some((each) => each.trim() === value);
}
