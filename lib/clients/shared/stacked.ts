/** Told of something that its user should know once. */
export type Warn = (code: string, message: string) => void;

/** Headers by which a client tells that it retries by itself: name, what shows it, and how to turn it off. */
const SIGNS: readonly { readonly header: string; readonly retried: RegExp; readonly cure: string }[] = [
  { header: 'x-stainless-retry-count', retried: /^[1-9]/, cure: 'give the SDK the option maxRetries: 0' },
  { header: 'Retry-Attempt', retried: /^[1-9]/, cure: 'leave the RetryHandler out of the Graph client' },
  {
    header: 'amz-sdk-request',
    retried: /attempt=([2-9]|1\d)/,
    cure: 'give the SDK the option maxAttempts: 1',
  },
];

/** Warns of a client that retries what the gate has already retried: the attempts of both multiply. */
export function warnOfStacked(header: (name: string) => string | null | undefined, warn: Warn): void {
  for (const { header: name, retried, cure } of SIGNS) {
    const value = header(name);
    if (value == null || !retried.test(value)) continue;
    warn(
      'stacked-retries',
      `A client above the gate retries by itself, and the attempts of both multiply: ${cure}`,
    );
  }
}
