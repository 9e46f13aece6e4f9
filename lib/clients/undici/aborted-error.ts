/** The error of a request aborted without a reason: an `errors.RequestAbortedError` to every copy of undici. */
export class AbortedError extends Error {
  override readonly name = 'AbortError';
  readonly code = 'UND_ERR_ABORTED';

  constructor() {
    super('Request aborted');
  }
}

// undici's `instanceof` goes by these symbols.
for (const code of ['UND_ERR', 'UND_ERR_ABORT', 'UND_ERR_ABORTED']) {
  Object.defineProperty(AbortedError.prototype, Symbol.for(`undici.error.${code}`), { value: true });
}
