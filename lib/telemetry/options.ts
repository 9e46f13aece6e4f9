import { OptionsError } from '../public.ts';

/** Throws `OptionsError` for anything but a gate. */
export function checkGate(name: string, gate: unknown): void {
  const { trace, on, off, quotas } = (gate ?? {}) as Record<string, unknown>;
  if ([trace, on, off, quotas].some((method) => typeof method !== 'function')) {
    throw new OptionsError(name, gate, 'a gate that headgate() returned');
  }
}

/** Maximum number of quotas with their own labels. Throws `OptionsError`. */
export function maxQuotasOf({ maxQuotas = 100 }: { readonly maxQuotas?: number | undefined }): number {
  if (!Number.isInteger(maxQuotas) || maxQuotas < 0) {
    throw new OptionsError('maxQuotas', maxQuotas, 'a whole number of 0 or more');
  }
  return maxQuotas;
}
