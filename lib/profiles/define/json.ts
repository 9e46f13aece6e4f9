import { BODY_LIMIT } from '../../words/types.ts';

/** A body that may be JSON, parsed on first use. Never throws. */
export class Json {
  readonly #body: string | undefined;
  readonly #part: boolean;
  #value: unknown;
  #parsed = false;

  /** @param part true if the body may be cut off: its complete values are then read */
  constructor(body: string | undefined, part: boolean = false) {
    this.#body = body;
    this.#part = part;
  }

  get value(): unknown {
    if (!this.#parsed) {
      this.#parsed = true;
      this.#value = parsed(this.#body) ?? (this.#part ? parsed(completed(this.#body ?? '')) : undefined);
    }
    return this.#value;
  }

  /** Text or number at a path: `error.details.0.code`; `*` is any element of a list. */
  at(path: string): string | number | undefined {
    return located(this.value, path.split('.'));
  }

  /** Text at the first of these paths that has any; a number counts as text. */
  text(paths: readonly string[]): string | undefined {
    for (const path of paths) {
      const value = this.at(path);
      if (value !== undefined && value !== '') return String(value);
    }
    return undefined;
  }
}

/** Maximum number of elements examined in a list. */
const MAX_ELEMENTS = 20;

function located(value: unknown, path: readonly string[]): string | number | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return typeof value === 'string' || typeof value === 'number' ? value : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  if (key === '*') {
    if (!Array.isArray(value)) return undefined;
    for (const each of value.slice(0, MAX_ELEMENTS)) {
      const found = located(each, rest);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return Object.hasOwn(value, key)
    ? located((value as Readonly<Record<string, unknown>>)[key], rest)
    : undefined;
}

function parsed(body: string | undefined): unknown {
  if (typeof body !== 'string' || body.length > BODY_LIMIT || !/^\uFEFF?\s*[[{]/.test(body)) return undefined;
  try {
    return JSON.parse(body.replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
}

/** Tokens of JSON that show where a value ends; a whole string is one token, so characters inside it do not count. */
const STRUCTURE = /"(?:[^"\\]|\\.)*"?|[[\]{},]/gs;

/** JSON that was cut off, without its last and incomplete value. */
function completed(text: string): string {
  let end = 0;
  for (const { 0: found, index } of text.matchAll(STRUCTURE)) if (found === ',') end = index;
  const open: string[] = [];
  for (const [found] of text.slice(0, end).matchAll(STRUCTURE)) {
    if (found === '{' || found === '[') open.push(found === '{' ? '}' : ']');
    else if (found === '}' || found === ']') open.pop();
  }
  return text.slice(0, end) + open.reverse().join('');
}
