/** Emits a warning once. */
export type Warn = (code: string, message: string) => void;

/** Headers that reveal a client's own retries: name, pattern of a retried request, and how to turn the retries off. */
const SIGNS: readonly { readonly header: string; readonly retried: RegExp; readonly cure: string }[] = [
  { header: 'x-stainless-retry-count', retried: /^[1-9]/, cure: 'set maxRetries: 0 in the SDK' },
  { header: 'Retry-Attempt', retried: /^[1-9]/, cure: 'remove the RetryHandler from the Graph client' },
  {
    header: 'amz-sdk-request',
    retried: /attempt=([2-9]|1\d)/,
    cure: 'set maxAttempts: 1 in the SDK',
  },
];

/** Warns about a client that retries on top of the gate: the attempts of both multiply. */
export function warnOfStacked(header: (name: string) => string | null | undefined, warn: Warn): void {
  for (const { header: name, retried, cure } of SIGNS) {
    const value = header(name);
    if (value == null || !retried.test(value)) continue;
    warn(
      'stacked-retries',
      `A client above the gate has its own retries, and the attempts of both multiply: ${cure}`,
    );
  }
}
