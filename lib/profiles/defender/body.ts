import { BODY_LIMIT, type RequestFacts } from '../../words/types.ts';
import type { Names } from './parameters.ts';

/** Maximum number of names corrected in a hint. */
const MAX_CORRECTIONS = 5;

/** The request's body as JSON; `undefined` if it is unknown, too large or not JSON. Never throws. */
export function jsonBody(request: RequestFacts): unknown {
  try {
    const text = request.body?.();
    return typeof text === 'string' && text.length <= BODY_LIMIT ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

/** Corrections of names that differ from a known one only by case: "`comment` should be `Comment`". */
export function caseCorrections(body: unknown, known: Names): string[] {
  return [...new Set(corrections(body, known))].slice(0, MAX_CORRECTIONS);
}

function* corrections(body: unknown, known: Names): Generator<string, void, void> {
  for (const item of Array.isArray(body) ? body : [body]) {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) continue;
    for (const [name, names] of Object.entries(known)) {
      const sent = Object.hasOwn(item, name)
        ? name
        : Object.keys(item).find((key) => fold(key) === fold(name));
      if (sent === undefined) continue;
      if (sent !== name) yield `\`${sent}\` should be \`${name}\``;
      if (names !== null) yield* corrections(item[sent], names);
    }
  }
}

function fold(name: string): string {
  return name.toLowerCase();
}
