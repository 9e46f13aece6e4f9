import { BODY_LIMIT } from '../../words/types.ts';

/** A body that may be JSON, parsed when it is first asked for. Never throws. */
export class Json {
  readonly #body: string | undefined;
  #value: unknown;
  #parsed = false;

  constructor(body: string | undefined) {
    this.#body = body;
  }

  get value(): unknown {
    if (!this.#parsed) {
      this.#parsed = true;
      this.#value = parsed(this.#body);
    }
    return this.#value;
  }

  /** Text or number at a path: `error.details.0.code`. */
  at(path: string): string | number | undefined {
    let at = this.value;
    for (const key of path.split('.')) {
      if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
      at = (at as Readonly<Record<string, unknown>>)[key];
    }
    return typeof at === 'string' || typeof at === 'number' ? at : undefined;
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

function parsed(body: string | undefined): unknown {
  if (typeof body !== 'string' || body.length > BODY_LIMIT || !/^\uFEFF?\s*[[{]/.test(body)) return undefined;
  try {
    return JSON.parse(body.replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
}
