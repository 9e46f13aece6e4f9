import { durationMs } from '../../classify/moment.ts';
import type { WaitDefinition } from './definition.ts';
import type { Json } from './json.ts';

/** Longest text of a wait. */
const MAX_TEXT = 40;

/**
 * Finds the wait that a body tells, in ms; `undefined` if it tells none. The first definition that finds one decides, in
 * the first message in which one does.
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
  // Google writes its durations with a unit: `36s`.
  const amount = /^(\d+(?:\.\d+)?)(?:s|ms)?$/.exec(text)?.[1];
  return amount === undefined ? undefined : Math.ceil(Number(amount) * (unit === 's' ? 1000 : 1));
}
