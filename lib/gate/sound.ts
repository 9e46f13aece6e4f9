import { LONGEST_WAIT_MS, type QuotaRef, type Window } from '../words/types.ts';
import type { GateContext } from './context.ts';

const UNSOUND =
  'The profile gave limits that are not numbers of 1 or more, or windows whose length is not valid; they were ignored';

/** A profile's quota without its invalid limits. */
export function sound(ref: QuotaRef, warn: GateContext['warn']): QuotaRef {
  if (isSound(ref)) return ref;
  warn('profile-failed', UNSOUND, ref.key);
  const { windows, concurrency } = ref;
  const kept = Array.isArray(windows) ? windows.filter(isWindow) : [];
  return { ...ref, windows: kept, concurrency: isLimit(concurrency) ? concurrency : undefined };
}

function isSound({ windows, concurrency }: QuotaRef): boolean {
  return (
    Array.isArray(windows) && windows.every(isWindow) && (concurrency === undefined || isLimit(concurrency))
  );
}

function isWindow({ limit, per }: Window): boolean {
  return isLimit(limit) && per >= 0 && per <= LONGEST_WAIT_MS;
}

function isLimit(limit: unknown): boolean {
  return typeof limit === 'number' && limit >= 1;
}
