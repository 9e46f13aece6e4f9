import { durationMs } from '../../classify/moment.ts';
import type { WaitDefinition } from './definition.ts';
import type { Json } from './json.ts';

/** Maximum length of a wait's text. */
const MAX_TEXT = 40;

/**
 * Finds the wait that a body states, in ms; `undefined` if it states none. Fields come before messages, the first message
 * before the next, and the first definition that matches decides.
 */
export function bodyWait(
  definitions: readonly WaitDefinition[],
  json: Json,
  messages: readonly (string | undefined)[],
  receivedAt: number,
): number | undefined {
  for (const { body, unit } of definitions) {
    const wait = body === undefined ? undefined : inMs(json.at(body), unit, receivedAt);
    if (wait !== undefined) return wait;
  }
  for (const text of messages) {
    for (const { message, unit } of definitions) {
      const wait = text === undefined ? undefined : inMs(message?.exec(text)?.[1], unit, receivedAt);
      if (wait !== undefined) return wait;
    }
  }
  return undefined;
}

function inMs(
  value: string | number | undefined,
  unit: WaitDefinition['unit'],
  receivedAt: number,
): number | undefined {
  if (value === undefined) return undefined;
  const text = String(value);
  if (text.length > MAX_TEXT) return undefined;
  if (unit === 'date') {
    const at = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) ? Date.parse(text) : Number.NaN;
    return at > receivedAt ? Math.ceil(at - receivedAt) : undefined;
  }
  if (unit === 'timespan') return Math.ceil((text.includes(':') && durationMs(text)) || 0) || undefined;
  // A unit in the text overrides the definition's: Google writes `36s`.
  const [, amount, own = unit] = /^(\d+(?:\.\d+)?)(s|ms)?$/.exec(text) ?? [];
  // As in headers, a wait of 0 names none.
  return Math.ceil(Number(amount ?? 0) * (own === 's' ? 1000 : 1)) || undefined;
}
